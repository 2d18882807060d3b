/* Stream names and ARNs, checked and written. */
#include "wire/stream_name.h"

#include "base/fail.h"
#include "base/text.h"
#include "wire/json_writer.h"

#include <sigv4/endpoint.h>

enum { MAX_NAME = 128, MAX_ARN = 2048 };

static bool is_name(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '_' && p[i] != '.' && p[i] != '-')
            return false;
    return s.len >= 1 && s.len <= MAX_NAME;
}

/* What is printable ASCII without blanks, quotes and backslashes may be part of an ARN. */
static bool is_graphic(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (p[i] <= ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\')
            return false;
    return true;
}

bool kinesis__stream_is_arn(struct sigv4_slice stream)
{
    return sigv4__starts_with(stream, "arn:");
}

int kinesis__stream_name_check(const char *name, struct sigv4_error *err)
{
    if (is_name(sigv4_str(name)))
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID,
                       "'%.140s' is no stream name: 1 to 128 letters, digits, '_', '.' or '-'",
                       name ? name : "");
}

/* "stream/" and something, but not "stream/NAME/consumer/...". */
static bool is_stream(struct sigv4_slice resource)
{
    static const char prefix[] = "stream/";
    if (!sigv4__starts_with(resource, prefix))
        return false;
    struct sigv4_slice name = sigv4__from(resource, sizeof prefix - 1);
    return name.len > 0 && sigv4__find(name, '/') == name.len;
}

int kinesis__stream_check(const char *stream, struct sigv4_error *err)
{
    struct sigv4_arn arn;
    struct sigv4_slice s = sigv4_str(stream);
    if (!kinesis__stream_is_arn(s))
        return kinesis__stream_name_check(stream, err);
    if (s.len <= MAX_ARN && is_graphic(s) && sigv4_arn_parse(s, &arn) &&
        sigv4__equal_str(arn.service, "kinesis") && is_stream(arn.resource))
        return SIGV4_OK;
    return sigv4__fail(err, SIGV4_E_INVALID,
                       "'%.140s' is no stream's ARN: arn:aws:kinesis:REGION:ACCOUNT:stream/NAME",
                       stream);
}

bool kinesis__consumer_arn_valid(const char *text)
{
    struct sigv4_arn arn;
    struct sigv4_slice s = sigv4_str(text);
    return s.len <= MAX_ARN && is_graphic(s) && sigv4_arn_parse(s, &arn) &&
           sigv4__equal_str(arn.service, "kinesis") &&
           sigv4__starts_with(arn.resource, "stream/") &&
           memmem(arn.resource.ptr, arn.resource.len, "/consumer/", 10) != NULL;
}

void kinesis__stream_write(struct sigv4__buffer *b, const char *stream)
{
    struct sigv4_slice s = sigv4_str(stream);
    kinesis__json_write_text(b, kinesis__stream_is_arn(s) ? "StreamARN" : "StreamName", s);
}
