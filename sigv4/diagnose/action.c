/* Actions as the services name them in their denials, or as their operations imply. */
#include "diagnose/action.h"

#include "base/fail.h"
#include "base/text.h"

#include <stdio.h>

static bool is_action_char(char c)
{
    return sigv4__is_alnum(c) || c == ':' || c == '-' || c == '_';
}

bool sigv4__action_said(struct sigv4_slice words, char out[96])
{
    static const char phrase[] = "to perform: ";
    size_t n = 0;
    while (words.len && !sigv4__starts_with(words, phrase))
        words = sigv4__from(words, 1);
    words = sigv4__from(words, sizeof phrase - 1);
    const char *p = words.ptr;
    while (n < words.len && is_action_char(p[n]))
        n++;
    struct sigv4_slice action = sigv4__first(words, n);
    if (n == 0 || n >= 96 || sigv4__find(action, ':') == n)
        return false;
    sigv4__fixed_copy(out, 96, action);
    return true;
}

/* S3's operations and actions have different names; Kinesis's and STS's are the same. */
static const char *s3_action(const char *operation)
{
    static const char *const names[][2] = {{"ListObjects", "ListBucket"},
                                           {"ListObjectsV2", "ListBucket"},
                                           {"HeadBucket", "ListBucket"},
                                           {"HeadObject", "GetObject"},
                                           {"GetObject", "GetObject"},
                                           {"GetObjectAttributes", "GetObject"},
                                           {"ListBuckets", "ListAllMyBuckets"},
                                           {"PutObject", "PutObject"},
                                           {"CopyObject", "PutObject"},
                                           {"CreateMultipartUpload", "PutObject"},
                                           {"UploadPart", "PutObject"},
                                           {"UploadPartCopy", "PutObject"},
                                           {"CompleteMultipartUpload", "PutObject"},
                                           {"AbortMultipartUpload", "AbortMultipartUpload"},
                                           {"ListParts", "ListMultipartUploadParts"},
                                           {"ListMultipartUploads", "ListBucketMultipartUploads"},
                                           {"DeleteObject", "DeleteObject"},
                                           {"DeleteObjects", "DeleteObject"},
                                           {"CreateBucket", "CreateBucket"},
                                           {"DeleteBucket", "DeleteBucket"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(operation, names[i][0]) == 0)
            return names[i][1];
    return NULL;
}

bool sigv4__action_of(const char *service_id, const char *operation, char out[96])
{
    const char *action = operation, *prefix = NULL;
    if (!operation || !*operation)
        return false;
    if (strcmp(service_id, "S3") == 0) {
        prefix = "s3";
        action = s3_action(operation);
    } else if (strcmp(service_id, "KINESIS") == 0) {
        prefix = "kinesis";
    } else if (strcmp(service_id, "STS") == 0) {
        prefix = "sts";
    }
    if (prefix && action)
        snprintf(out, 96, "%s:%.80s", prefix, action);
    return prefix && action;
}
