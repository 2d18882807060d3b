/* s3_head. */
#include "base/fail.h"
#include "object/attributes.h"
#include "object/result.h"
#include "object/single.h"

static void decode(struct s3__single *single, struct s3_result *result)
{
    if (!s3__result_is_foreign(result))
        return;
    sigv4__fail(&single->op.error, SIGV4_E_PROTOCOL, "HeadObject: %s", s3__foreign_words);
    s3__result_fail(result, &single->op.error);
}

int s3_head(struct s3_client *client, const struct s3_head *head, struct sigv4_call **call,
            struct sigv4_error *err)
{
    struct s3__single *single;
    int status =
        s3__single_new(&single, client, "HeadObject", "HEAD", head->on_done, head->ctx, err);
    if (status)
        return status;
    single->decode = decode;
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
