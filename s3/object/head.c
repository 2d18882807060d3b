/* s3_head. */
#include "object/attributes.h"
#include "object/single.h"

int s3_head(struct s3_client *client, const struct s3_head *head, struct sigv4_call **call,
            struct sigv4_error *err)
{
    struct s3__single *single;
    int status =
        s3__single_new(&single, client, "HeadObject", "HEAD", head->on_done, head->ctx, err);
    if (status)
        return status;
    status = s3__request_object(&single->request, head->of, err);
    if (status == SIGV4_OK)
        status = s3__add_customer_key(&single->request, head->encryption, err);
    if (status)
        return s3__single_drop(single, status);
    if (!(client->options.flags & S3_NO_CHECKSUMS))
        s3__request_header_str(&single->request, "x-amz-checksum-mode", "ENABLED");
    s3__add_conditions(&single->request, head->conditions);
    return s3__single_begin(single, call, err);
}
