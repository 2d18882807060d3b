/* Records on paper. */
#include "kcat_print.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { SHARD_WIDTH = 20, POSITION_WIDTH = 60, MESSAGE_WIDTH = 40 };

static void put(FILE *out, struct sigv4_slice s)
{
    if (s.len)
        fwrite(s.ptr, 1, s.len, out);
}

static void pad(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* Centred as Python does it: the odd blank goes to the right. */
static void put_centred(FILE *out, struct sigv4_slice s, size_t width)
{
    size_t room = s.len < width ? width - s.len : 0;
    pad(out, room / 2);
    put(out, s);
    pad(out, room - room / 2);
}

/* How long the UTF-8 character at p is; 0 when it is none or could steer a terminal. */
static size_t visible(const unsigned char *p, size_t n)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC2 ? 2 : 0;
    if (len == 1)
        return p[0] >= 0x20 && p[0] != 0x7F;
    if (len == 0 || len > n || p[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool c1 = p[0] == 0xC2 && p[1] < 0xA0; /* the second set of control characters */
    bool broken = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
                  (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
    return c1 || broken ? 0 : len;
}

/* Returns how many characters were shown. */
static size_t put_text(const struct printer *p, struct sigv4_slice s)
{
    const unsigned char *at = s.ptr;
    size_t shown = 0;
    for (size_t i = 0; i < s.len;) {
        size_t n = visible(at + i, s.len - i);
        if (n == 0 && p->on_terminal)
            shown += (size_t)fprintf(p->out, "\\x%02x", at[i]);
        else
            shown++;
        if (n || !p->on_terminal)
            fwrite(at + i, 1, n ? n : 1, p->out);
        i += n ? n : 1;
    }
    return shown;
}

static void put_row(const struct printer *p, const struct kinesis_record *r)
{
    put_centred(p->out, r->shard_id, SHARD_WIDTH);
    put_centred(p->out, r->sequence_number, POSITION_WIDTH);
    size_t shown = put_text(p, r->data);
    pad(p->out, shown < MESSAGE_WIDTH ? MESSAGE_WIDTH - shown : 0);
    fputc('\n', p->out);
}

void print_head(const struct printer *p)
{
    if (p->as != PRINT_TABLE)
        return;
    put_centred(p->out, SIGV4_LIT("Shard"), SHARD_WIDTH);
    put_centred(p->out, SIGV4_LIT("Position"), POSITION_WIDTH);
    fprintf(p->out, "%-*s\n", MESSAGE_WIDTH, "Message");
}

/* ---- JSON ---- */

static bool is_text(struct sigv4_slice s)
{
    const unsigned char *at = s.ptr;
    for (size_t i = 0; i < s.len;) {
        bool blank = at[i] == '\n' || at[i] == '\t' || at[i] == '\r';
        size_t n = blank ? 1 : visible(at + i, s.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static void put_json_string(FILE *out, struct sigv4_slice s)
{
    const unsigned char *at = s.ptr;
    fputc('"', out);
    for (size_t i = 0; i < s.len; i++) {
        if (at[i] == '"' || at[i] == '\\')
            fprintf(out, "\\%c", at[i]);
        else if (at[i] < 0x20 || at[i] == 0x7F)
            fprintf(out, "\\u%04x", at[i]);
        else
            fputc(at[i], out);
    }
    fputc('"', out);
}

static bool put_base64(FILE *out, struct sigv4_slice data)
{
    char *text = malloc(4 * (data.len / 3 + 1) + 1);
    if (!text)
        return false;
    int n = EVP_EncodeBlock((unsigned char *)text, data.ptr, (int)data.len);
    fwrite(text, 1, (size_t)n, out);
    free(text);
    return true;
}

/* Text as "data", anything else as "data_base64", so that no byte is lost or guessed. */
static bool put_json(const struct printer *p, const struct kinesis_record *r)
{
    bool text = is_text(r->data), ok = true;
    fputs("{\"shard\":", p->out);
    put_json_string(p->out, r->shard_id);
    fputs(",\"sequence\":", p->out);
    put_json_string(p->out, r->sequence_number);
    fputs(",\"key\":", p->out);
    put_json_string(p->out, r->partition_key);
    if (r->arrived_unix_ms != INT64_MIN)
        fprintf(p->out, ",\"arrived_ms\":%" PRId64, r->arrived_unix_ms);
    fputs(text ? ",\"data\":" : ",\"data_base64\":\"", p->out);
    if (text)
        put_json_string(p->out, r->data);
    else
        ok = put_base64(p->out, r->data);
    fputs(text ? "}\n" : "\"}\n", p->out);
    return ok;
}

/* ---- the user's format ---- */

static const char escapes[] = "n\nt\tr\r0\0\\\\";

static int escape_of(char c)
{
    for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
        if (escapes[i] == c)
            return escapes[i + 1];
    return -1;
}

const char *print_check_format(const char *format)
{
    for (const char *c = format; *c; c++) {
        if (*c == '\\' && c[1] == 'x') {
            if (!isxdigit((unsigned char)c[2]) || !isxdigit((unsigned char)c[3]))
                return "\\x wants two hexadecimal digits";
            c += 3;
        } else if (*c == '\\') {
            if (escape_of(*++c) < 0 || !*c)
                return "the escapes are \\n \\t \\r \\0 \\\\ and \\xNN";
        } else if (*c == '%' && (!*++c || !strchr("sokvtlS%", *c))) {
            return "the fields are %s %o %k %v %t %l %S and %%";
        }
    }
    return NULL;
}

static void put_field(const struct printer *p, char field, const struct kinesis_record *r)
{
    switch (field) {
    case 's':
        put(p->out, r->shard_id);
        break;
    case 'o':
        put(p->out, r->sequence_number);
        break;
    case 'k':
        put_text(p, r->partition_key);
        break;
    case 'v':
        put_text(p, r->data);
        break;
    case 't':
        fprintf(p->out, "%" PRId64, r->arrived_unix_ms == INT64_MIN ? -1 : r->arrived_unix_ms);
        break;
    case 'l':
        fprintf(p->out, "%" PRId64, r->behind_ms);
        break;
    case 'S':
        fprintf(p->out, "%zu", r->data.len);
        break;
    default:
        fputc(field, p->out);
    }
}

static void put_format(const struct printer *p, const struct kinesis_record *r)
{
    for (const char *c = p->format; *c; c++) {
        if (*c == '%') {
            put_field(p, *++c, r);
        } else if (*c == '\\' && c[1] == 'x') {
            char digits[3] = {c[2], c[3], '\0'};
            fputc((int)strtol(digits, NULL, 16), p->out);
            c += 3;
        } else if (*c == '\\') {
            fputc(escape_of(*++c), p->out);
        } else {
            fputc(*c, p->out);
        }
    }
}

bool print_record(const struct printer *p, const struct kinesis_record *r)
{
    bool ok = true;
    switch (p->as) {
    case PRINT_TABLE:
        put_row(p, r);
        break;
    case PRINT_JSON:
        ok = put_json(p, r);
        break;
    case PRINT_RAW:
        put(p->out, r->data);
        break;
    case PRINT_FORMAT:
        put_format(p, r);
        break;
    }
    return ok && !ferror(p->out);
}
