/* If-Match and If-None-Match. */
#include <string.h>
#include <strings.h>

#include "s3.h"

bool s3_etag_matches(const char *list, const char *etag)
{
    size_t length = strlen(etag);
    for (const char *p = list; *p != '\0';) {
        p += strspn(p, " ,");
        if (*p == '*')
            return true;
        if (strncmp(p, "W/", 2) == 0)
            p += 2;
        bool quoted = *p == '"';
        if (quoted)
            p++;
        size_t n = strcspn(p, quoted ? "\"" : ", ");
        if (n == length && memcmp(p, etag, n) == 0)
            return true;
        p += n;
        if (*p == '"')
            p++;
    }
    return false;
}

bool s3_check_write(struct s3_call *call, const struct object *object)
{
    const char *match = s3_header(call, "if-match"), *none = s3_header(call, "if-none-match");
    if (match != NULL && none != NULL)
        return s3_refuse(call, "NotImplemented", NULL);
    if (none != NULL && strcmp(none, "*") != 0)
        return s3_refuse(call, "NotImplemented", NULL);
    if (none != NULL && object != NULL) {
        text_put_element(&call->extra, "Condition", "If-None-Match");
        return s3_refuse(call, "PreconditionFailed", NULL);
    }
    if (match != NULL && object == NULL)
        return s3_refuse(call, "NoSuchKey", NULL);
    if (match != NULL && !s3_etag_matches(match, object->etag)) {
        text_put_element(&call->extra, "Condition", "If-Match");
        return s3_refuse(call, "PreconditionFailed", NULL);
    }
    return true;
}
