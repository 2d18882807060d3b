/* s3_delete. */
#include "object/attributes.h"
#include "object/single.h"

int s3_delete(struct s3_client *client, const struct s3_delete *what, struct sigv4_call **call,
              struct sigv4_error *err)
{
    struct s3__single *single;
    int status =
        s3__single_new(&single, client, "DeleteObject", "DELETE", what->on_done, what->ctx, err);
    if (status)
        return status;
    status = s3__request_object(&single->request, what->what, err);
    if (status)
        return s3__single_drop(single, status);
    s3__add_etag(&single->request, "If-Match", what->if_match);
    return s3__single_begin(single, call, err);
}
