/* Amazon resource names and the labels host names are made of. */
#include <sigv4/endpoint.h>

#include "base/text.h"

bool sigv4_arn_parse(struct sigv4_slice text, struct sigv4_arn *out)
{
    struct sigv4_slice parts[6];
    memset(out, 0, sizeof *out);
    /* The sixth part is all the rest: a resource may hold colons. */
    for (int i = 0; i < 5; i++) {
        size_t n = sigv4__find(text, ':');
        if (n == text.len)
            return false;
        parts[i] = sigv4__first(text, n);
        text = sigv4__from(text, n + 1);
    }
    parts[5] = text;
    if (!sigv4__equal_str(parts[0], "arn") || !parts[1].len || !parts[2].len || !parts[5].len)
        return false;
    *out = (struct sigv4_arn){parts[1], parts[2], parts[3], parts[4], parts[5]};
    return true;
}

static bool is_label(struct sigv4_slice s)
{
    const char *p = s.ptr;
    if (s.len < 1 || s.len > 63 || p[0] == '-' || p[s.len - 1] == '-')
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!sigv4__is_alnum(p[i]) && p[i] != '-')
            return false;
    return true;
}

bool sigv4_host_label_valid(struct sigv4_slice text, bool dots_allowed)
{
    while (dots_allowed) {
        size_t n = sigv4__find(text, '.');
        if (n == text.len)
            break;
        if (!is_label(sigv4__first(text, n)))
            return false;
        text = sigv4__from(text, n + 1);
    }
    return is_label(text);
}
