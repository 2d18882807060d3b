/* s3_copy. */
#include "base/fail.h"
#include "object/attributes.h"
#include "object/single.h"

static void decode(struct s3__single *single, struct s3_result *result)
{
    s3__single_outcome(single, result, s3__outcome_copy_object);
}

int s3_copy(struct s3_client *client, const struct s3_copy *copy, struct sigv4_call **call,
            struct sigv4_error *err)
{
    struct s3__single *single;
    int status =
        s3__single_new(&single, client, "CopyObject", "PUT", copy->on_done, copy->ctx, err);
    if (status)
        return status;
    struct s3__request *r = &single->request;
    single->decode = decode;
    r->flags = SIGV4_ERROR_IN_200;
    status = s3__request_object(r, copy->to, err);
    if (status == SIGV4_OK)
        status = s3__add_copy_source(r, copy->from, err);
    if (status == SIGV4_OK)
        status = s3__add_attributes(r, copy->attributes, err);
    if (status == SIGV4_OK)
        status = s3__add_source_key(r, copy->source_customer_key, err);
    if (status)
        return s3__single_drop(single, status);
    if (s3__describes_content(r))
        s3__request_header_str(r, "x-amz-metadata-directive", "REPLACE");
    s3__add_conditions(r, copy->conditions);
    s3__add_source_conditions(r, copy->source_conditions);
    return s3__single_begin(single, call, err);
}
