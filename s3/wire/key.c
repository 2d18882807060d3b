/* Percent-encoding of keys and query values. */
#include "wire/key.h"

#include "base/text.h"

static void encode(struct sigv4__buffer *out, struct sigv4_slice text, bool keep_slash)
{
    struct sigv4_text measure = {NULL, 0, 0};
    sigv4__text_encode(&measure, text, keep_slash);
    if (measure.len == 0 || sigv4__buffer_reserve(out, measure.len))
        return;
    struct sigv4_text target = {out->ptr + out->len, measure.len, 0};
    sigv4__text_encode(&target, text, keep_slash);
    out->len += target.len;
}

void s3__key_path(struct sigv4__buffer *out, struct sigv4_slice key)
{
    sigv4__buffer_char(out, '/');
    encode(out, key, true);
}

void s3__query_add(struct sigv4__buffer *out, const char *name, struct sigv4_slice value)
{
    if (out->len)
        sigv4__buffer_char(out, '&');
    encode(out, sigv4_str(name), false);
    sigv4__buffer_char(out, '=');
    encode(out, value, false);
}
