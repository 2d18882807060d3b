/* JSON documents with secrets: jansson gets the structure, the texts are decoded here. */
#include "credentials/veil.h"

#include "base/fail.h"
#include "base/text.h"

/* ---- the copy without texts ---- */

/* The end of a string token (past the closing quote) that starts at from; 0: malformed. */
static size_t string_end(struct sigv4_slice s, size_t from)
{
    const char *p = s.ptr;
    for (size_t i = from + 1; i < s.len; i++) {
        if (p[i] == '"')
            return i + 1;
        if ((unsigned char)p[i] < 0x20)
            return 0;
        if (p[i] == '\\')
            i++;
    }
    return 0;
}

static bool is_name(struct sigv4_slice s, size_t end)
{
    const char *p = s.ptr;
    while (end < s.len && (p[end] == ' ' || p[end] == '\t' || p[end] == '\r' || p[end] == '\n'))
        end++;
    return end < s.len && p[end] == ':';
}

static int cover(struct sigv4__veil *veil, struct sigv4_slice s, struct sigv4__buffer *covered)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len;) {
        if (p[i] != '"') {
            sigv4__buffer_char(covered, p[i++]);
            continue;
        }
        size_t end = string_end(s, i);
        if (!end)
            return SIGV4_E_PROTOCOL;
        if (is_name(s, end)) {
            sigv4__buffer_append(covered, p + i, end - i);
        } else {
            if (veil->count == SIGV4__VEIL_MAX_TEXTS)
                return SIGV4_E_TOO_LARGE;
            veil->texts[veil->count] = sigv4_bytes(p + i + 1, end - i - 2);
            sigv4__buffer_format(covered, "\"%zu\"", veil->count++);
        }
        i = end;
    }
    return covered->failed;
}

static int load(struct sigv4__veil *veil, struct sigv4_slice covered, struct sigv4_error *err)
{
    json_error_t where;
    veil->root = json_loadb(covered.ptr, covered.len, JSON_REJECT_DUPLICATES, &where);
    if (!veil->root && json_error_code(&where) == json_error_out_of_memory)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a JSON document");
    if (!veil->root)
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "not valid JSON (line %d)", where.line);
    if (!json_is_object(veil->root))
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "not a JSON object");
    return SIGV4_OK;
}

int sigv4__veil_open(struct sigv4__veil *veil, struct sigv4_slice document,
                     const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4__buffer covered;
    memset(veil, 0, sizeof *veil);
    sigv4__buffer_init(&covered, alloc, SIGV4__VEIL_MAX_BYTES + 4 * SIGV4__VEIL_MAX_TEXTS);
    sigv4__buffer_init(&veil->plain, alloc, SIGV4__VEIL_MAX_BYTES);
    if (document.len > SIGV4__VEIL_MAX_BYTES)
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "longer than %d bytes", SIGV4__VEIL_MAX_BYTES);
    int status = sigv4__buffer_reserve(&veil->plain, document.len);
    /* Longer only where a text of 0 or 1 bytes becomes a number, so nothing moves here either. */
    if (status == SIGV4_OK)
        status = sigv4__buffer_reserve(&covered, document.len + 4 * SIGV4__VEIL_MAX_TEXTS);
    if (status == SIGV4_OK)
        status = cover(veil, document, &covered);
    if (status == SIGV4_E_NOMEM)
        sigv4__fail(err, status, "no memory for a JSON document");
    else if (status == SIGV4_E_PROTOCOL)
        sigv4__fail(err, status, "not valid JSON (a text does not end)");
    else if (status)
        status = sigv4__fail(err, SIGV4_E_PROTOCOL, "more than %d texts", SIGV4__VEIL_MAX_TEXTS);
    else
        status = load(veil, sigv4__buffer_view(&covered), err);
    sigv4__buffer_free_secret(&covered);
    return status;
}

void sigv4__veil_close(struct sigv4__veil *veil)
{
    json_decref(veil->root);
    veil->root = NULL;
    sigv4__buffer_free_secret(&veil->plain);
}

/* ---- decoding one text ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = sigv4__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at *i, which is moved behind them. */
static bool read_unit(struct sigv4_slice s, size_t *i, uint32_t *unit)
{
    if (s.len - *i < 4)
        return false;
    *unit = 0;
    for (int k = 0; k < 4; k++) {
        int digit = hex_value(((const char *)s.ptr)[(*i)++]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

static bool read_code_point(struct sigv4_slice s, size_t *i, uint32_t *code)
{
    uint32_t low;
    const char *p = s.ptr;
    if (!read_unit(s, i, code) || *code == 0 || (*code >= 0xDC00 && *code < 0xE000))
        return false;
    if (*code < 0xD800 || *code >= 0xE000)
        return true;
    if (s.len - *i < 6 || p[*i] != '\\' || p[*i + 1] != 'u')
        return false;
    *i += 2;
    if (!read_unit(s, i, &low) || low < 0xDC00 || low >= 0xE000)
        return false;
    *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static void put_utf8(struct sigv4__buffer *out, uint32_t code)
{
    if (code < 0x80) {
        sigv4__buffer_char(out, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    sigv4__buffer_char(out, (char)(lead[more] | code >> (6 * more)));
    while (more-- > 0)
        sigv4__buffer_char(out, (char)(0x80 | (code >> (6 * more) & 0x3F)));
}

/* i is behind the backslash. */
static bool decode_escape(struct sigv4_slice s, size_t *i, struct sigv4__buffer *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t code;
    char c = ((const char *)s.ptr)[(*i)++];
    const char *at = c ? strchr(from, c) : NULL;
    if (at) {
        sigv4__buffer_char(out, to[at - from]);
        return true;
    }
    if (c != 'u' || !read_code_point(s, i, &code))
        return false;
    put_utf8(out, code);
    return true;
}

static int decode(struct sigv4__veil *veil, struct sigv4_slice s, struct sigv4_slice *out)
{
    const char *p = s.ptr;
    struct sigv4__buffer *plain = &veil->plain;
    size_t start = plain->len;
    if (s.len > plain->cap - plain->len) /* would move: it was asked for twice */
        return SIGV4_E_INVALID;
    for (size_t i = 0; i < s.len;) {
        if (p[i] != '\\')
            sigv4__buffer_char(plain, p[i++]);
        else if (++i == s.len || !decode_escape(s, &i, plain))
            return SIGV4_E_PROTOCOL;
    }
    *out = sigv4_bytes(plain->ptr + start, plain->len - start);
    return SIGV4_OK;
}

int sigv4__veil_raw(const struct sigv4__veil *veil, const json_t *object, const char *name,
                    struct sigv4_slice *out)
{
    const json_t *value = json_object_get(object, name);
    uint64_t n;
    *out = sigv4_str("");
    if (!value || json_is_null(value))
        return SIGV4_OK;
    if (!json_is_string(value) ||
        !sigv4__parse_uint(sigv4_str(json_string_value(value)), SIGV4__VEIL_MAX_TEXTS, &n) ||
        n >= veil->count)
        return SIGV4_E_PROTOCOL;
    *out = veil->texts[n];
    return SIGV4_OK;
}

int sigv4__veil_text(struct sigv4__veil *veil, const json_t *object, const char *name,
                     struct sigv4_slice *out)
{
    struct sigv4_slice raw;
    int status = sigv4__veil_raw(veil, object, name, &raw);
    *out = sigv4_str("");
    return status || !raw.len ? status : decode(veil, raw, out);
}
