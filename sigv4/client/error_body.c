/* What the body of a failure says. */
#include "client/error_body.h"

#include "base/fail.h"
#include "base/text.h"
#include "client/error_xml.h"

#include <jansson.h>

enum { EXCERPT = 120 };

static void copy_member(const json_t *object, const char *key, char *out, size_t cap)
{
    const json_t *value = json_object_get(object, key);
    if (out[0] == '\0' && json_is_string(value))
        sigv4__fixed_copy(out, cap,
                          sigv4_bytes(json_string_value(value), json_string_length(value)));
}

/* Facts, 2.1: "code" before "__type", the message in either case. */
static bool read_json(struct sigv4_slice body, struct sigv4__error_body *out)
{
    json_t *root = json_loadb(body.ptr, body.len, 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return false;
    }
    copy_member(root, "code", out->code, sizeof out->code);
    copy_member(root, "__type", out->code, sizeof out->code);
    copy_member(root, "message", out->message, sizeof out->message);
    copy_member(root, "Message", out->message, sizeof out->message);
    json_decref(root);
    return true;
}

/* The words of a page without its tags, blanks joined, everything but ASCII made '?'. */
static void take_excerpt(struct sigv4_slice body, char out[EXCERPT + 1])
{
    const char *p = body.ptr;
    size_t n = 0;
    bool tag = false;
    for (size_t i = 0; i < body.len && n < EXCERPT; i++) {
        bool blank = p[i] <= ' ' && p[i] >= 0;
        if (p[i] == '<')
            tag = true;
        if (!tag && !blank)
            out[n++] = p[i] > ' ' && p[i] <= '~' ? p[i] : '?';
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
        if (p[i] == '>')
            tag = false;
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

void sigv4__error_body_read(struct sigv4_slice body, struct sigv4__error_body *out)
{
    memset(out, 0, sizeof *out);
    body = sigv4__trim(sigv4__first(body, SIGV4__ERROR_BODY_MAX));
    if (body.len == 0)
        return;
    char first = *(const char *)body.ptr;
    if (first == '{' && read_json(body, out))
        return;
    if (first != '{' && sigv4__error_xml_read(body, out))
        return;
    memset(out, 0, sizeof *out);
    out->foreign = true;
    take_excerpt(body, out->message);
}
