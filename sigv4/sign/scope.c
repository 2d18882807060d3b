/* When, where and for what a signature holds. */
#include "sign/scope.h"

#include "base/moment.h"
#include "base/text.h"

/* Both end up in a header and in a path-like text: visible characters, no separators. */
static bool is_scope_part(struct sigv4_slice s)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '-' && p[i] != '_' && p[i] != '.')
            return false;
    return s.len > 0 && s.len <= SIGV4__SCOPE_PART;
}

int sigv4__scope_init(struct sigv4__scope *scope, const struct sigv4_to_sign *in)
{
    if (in->size < sizeof *in || !is_scope_part(in->region) || !is_scope_part(in->service))
        return SIGV4_E_INVALID;
    sigv4__moment_amz(in->unix_seconds, scope->date_time);
    scope->date = sigv4_bytes(scope->date_time, 8);
    scope->region = in->region;
    scope->service = in->service;
    struct sigv4_text text = {scope->room, sizeof scope->room, 0};
    sigv4__text_slice(&text, scope->date);
    sigv4__text_char(&text, '/');
    sigv4__text_slice(&text, in->region);
    sigv4__text_char(&text, '/');
    sigv4__text_slice(&text, in->service);
    sigv4__text_str(&text, "/aws4_request");
    scope->text = sigv4_bytes(text.ptr, text.len);
    return SIGV4_OK;
}
