/* Operations on buckets. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "s3.h"
#include "xml.h"

void s3_list_buckets(struct s3_call *call)
{
    const struct klocal *klocal = call->klocal;
    const char *prefix = s3_param(call, "prefix");
    char created[25];
    s3_open_xml(call, "ListAllMyBucketsResult");
    text_puts(call->out, "<Owner><ID>klocal</ID><DisplayName>klocal</DisplayName></Owner>"
                         "<Buckets>");
    for (size_t i = 0; i < klocal->bucket_count; i++) {
        const struct bucket *bucket = klocal->buckets[i];
        if (prefix != NULL && strncmp(bucket->name, prefix, strlen(prefix)) != 0)
            continue;
        clock_format_iso(bucket->created_ms, created);
        text_printf(call->out,
                    "<Bucket><Name>%s</Name><CreationDate>%s</CreationDate><BucketRegion>%s"
                    "</BucketRegion></Bucket>",
                    bucket->name, created, bucket->region);
    }
    text_puts(call->out, "</Buckets></ListAllMyBucketsResult>");
}

/* The region to make the bucket in: the constraint, or where the request was signed for. NULL
 * after refusing. The caller frees. */
static char *wanted_region(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    const char *here = call->klocal->options.region;
    const char *signed_for = call->request->auth.region;
    char *region = NULL;
    if (body->length == 0) {
        if (signed_for != NULL && strcmp(signed_for, here) != 0) {
            s3_refuse(call, "IllegalLocationConstraintException",
                      "The unspecified location constraint is incompatible for the region specific "
                      "endpoint this request was sent to.");
            return NULL;
        }
        return memory_string(here);
    }
    struct xml *root = xml_parse(body_string(body), (size_t)body->length);
    if (root == NULL || strcmp(root->name, "CreateBucketConfiguration") != 0) {
        s3_refuse(call, "MalformedXML", NULL);
    } else {
        const char *constraint = xml_child_text(root, "LocationConstraint");
        region = memory_string(constraint == NULL || constraint[0] == '\0' ? here : constraint);
        if (strcmp(region, "EU") == 0) {
            free(region);
            region = memory_string("eu-west-1");
        }
        /* us-east-1 is spelled by leaving the constraint out; other regions make only their own. */
        bool bad = constraint != NULL && strcmp(constraint, "us-east-1") == 0;
        bool foreign = signed_for != NULL && strcmp(signed_for, "us-east-1") != 0 &&
                       strcmp(signed_for, region) != 0;
        if (bad || foreign) {
            s3_refuse(call,
                      bad ? "InvalidLocationConstraint" : "IllegalLocationConstraintException",
                      NULL);
            free(region);
            region = NULL;
        }
    }
    xml_free(root);
    return region;
}

static bool region_syntax(const char *region)
{
    size_t length = strlen(region);
    for (size_t i = 0; i < length; i++)
        if (!islower((unsigned char)region[i]) && !isdigit((unsigned char)region[i]) &&
            region[i] != '-')
            return false;
    return length >= 3 && length < 32 && strchr(region, '-') != NULL;
}

void s3_create_bucket(struct s3_call *call)
{
    char *region = wanted_region(call);
    struct bucket *old = bucket_find(call->klocal, call->bucket);
    if (region == NULL)
        return;
    if (!region_syntax(region)) {
        s3_refuse(call, "InvalidLocationConstraint", NULL);
    } else if (old != NULL &&
               (strcmp(old->region, "us-east-1") != 0 || strcmp(old->region, region) != 0)) {
        s3_refuse(call, "BucketAlreadyOwnedByYou", NULL);
    } else {
        if (old == NULL)
            bucket_create(call->klocal, call->bucket, region);
        response_header(&call->request->response, "Location", "/%s", call->bucket);
    }
    free(region);
}

void s3_delete_bucket(struct s3_call *call)
{
    struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL)
        return;
    if (bucket->object_count > 0) {
        text_put_element(&call->extra, "BucketName", call->bucket);
        s3_refuse(call, "BucketNotEmpty", NULL);
        return;
    }
    bucket_remove(call->klocal, bucket);
    call->request->response.status = 204;
}

void s3_head_bucket(struct s3_call *call)
{
    if (s3_bucket(call) != NULL)
        response_header(&call->request->response, "x-amz-access-point-alias", "false");
}

void s3_get_bucket_location(struct s3_call *call)
{
    const struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL)
        return;
    s3_open_xml(call, "LocationConstraint");
    if (strcmp(bucket->region, "us-east-1") != 0)
        text_puts(call->out, bucket->region);
    text_puts(call->out, "</LocationConstraint>");
}

void s3_get_bucket_versioning(struct s3_call *call)
{
    if (s3_bucket(call) == NULL)
        return;
    s3_open_xml(call, "VersioningConfiguration");
    text_puts(call->out, "</VersioningConfiguration>");
}
