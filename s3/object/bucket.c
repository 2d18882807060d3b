/* s3_bucket_create, s3_bucket_delete, s3_bucket_head. */
#include "base/fail.h"
#include "base/text.h"
#include "object/single.h"
#include "wire/xml_reader.h"

#include <s3/address.h>
#include <s3/bucket.h>

static int bucket_new(struct s3__single **out, struct s3_client *client, const char *operation,
                      const char *method, const struct s3_bucket *what, struct sigv4_error *err)
{
    int status = s3__single_new(out, client, operation, method, what->on_done, what->ctx, err);
    if (status)
        return status;
    (*out)->request.place_flags = S3_NO_ACCESS_POINT;
    status = s3__request_at(&(*out)->request, what->bucket, NULL, err);
    return status ? s3__single_drop(*out, status) : SIGV4_OK;
}

/* Anywhere but in us-east-1 the region must be said in the body too; with an endpoint of someone
 * else's it would only be one more thing to disagree about. */
static int name_region(struct s3__single *single, struct sigv4_error *err)
{
    struct sigv4_client_facts facts = {.size = sizeof facts};
    struct sigv4__buffer *b = &single->document;
    int status = sigv4_client_facts(single->op.client->base, "S3", &facts, err);
    if (status)
        return status;
    if (*facts.region && strcmp(facts.region, "us-east-1") != 0 &&
        strcmp(facts.region, "aws-global") != 0) {
        sigv4__buffer_str(b, "<CreateBucketConfiguration "
                             "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        s3__xml_leaf(b, "LocationConstraint", sigv4_str(facts.region));
        sigv4__buffer_str(b, "</CreateBucketConfiguration>");
    }
    s3__single_set_document(single);
    return SIGV4_OK;
}

int s3_bucket_create(struct s3_client *client, const struct s3_bucket *what,
                     struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    int status = s3_bucket_name_check(sigv4_str(what->bucket), true, err);
    if (status == SIGV4_OK)
        status = bucket_new(&single, client, "CreateBucket", "PUT", what, err);
    if (status)
        return status;
    single->prepare = name_region;
    return s3__single_begin(single, call, err);
}

int s3_bucket_delete(struct s3_client *client, const struct s3_bucket *what,
                     struct sigv4_call **call, struct sigv4_error *err)
{
    struct s3__single *single;
    int status = bucket_new(&single, client, "DeleteBucket", "DELETE", what, err);
    return status ? status : s3__single_begin(single, call, err);
}

int s3_bucket_head(struct s3_client *client, const struct s3_bucket *what, struct sigv4_call **call,
                   struct sigv4_error *err)
{
    struct s3__single *single;
    int status = bucket_new(&single, client, "HeadBucket", "HEAD", what, err);
    return status ? status : s3__single_begin(single, call, err);
}
