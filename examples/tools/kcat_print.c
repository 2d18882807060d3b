/* Records on paper. */
#include "kcat_print.h"

#include "terminal.h"

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

/* Returns how many characters were shown; a byte that is none counts as one. */
static size_t put_text(const struct printer *p, struct sigv4_slice s)
{
    return terminal_put(p->out, s, p->on_terminal);
}

/* Centred as Python does it: the odd blank goes to the right. */
static void put_centred(const struct printer *p, struct sigv4_slice s, size_t width)
{
    size_t room = s.len < width ? width - s.len : 0;
    pad(p->out, room / 2);
    put_text(p, s);
    pad(p->out, room - room / 2);
}

static void put_row(const struct printer *p, const struct kinesis_record *r)
{
    put_centred(p, r->shard_id, SHARD_WIDTH);
    put_centred(p, r->sequence_number, POSITION_WIDTH);
    size_t shown = put_text(p, r->data);
    pad(p->out, shown < MESSAGE_WIDTH ? MESSAGE_WIDTH - shown : 0);
    fputc('\n', p->out);
}

void print_head(const struct printer *p)
{
    if (p->as != PRINT_TABLE)
        return;
    put_centred(p, SIGV4_LIT("Shard"), SHARD_WIDTH);
    put_centred(p, SIGV4_LIT("Position"), POSITION_WIDTH);
    fprintf(p->out, "%-*s\n", MESSAGE_WIDTH, "Message");
}

/* ---- JSON ---- */

static bool is_text(struct sigv4_slice s)
{
    const unsigned char *at = s.ptr;
    for (size_t i = 0; i < s.len;) {
        size_t n = terminal_character(at + i, s.len - i);
        bool blank = at[i] == '\n' || at[i] == '\t' || at[i] == '\r';
        if (n == 0 || (n <= 2 && terminal_steers(at + i, n) && !blank))
            return false;
        i += n;
    }
    return true;
}

/* Nothing that steers a terminal is left in it; s is UTF-8. */
static void put_json_string(FILE *out, struct sigv4_slice s)
{
    const unsigned char *at = s.ptr;
    fputc('"', out);
    for (size_t i = 0; i < s.len;) {
        size_t n = terminal_character(at + i, s.len - i);
        if (at[i] == '"' || at[i] == '\\')
            fprintf(out, "\\%c", at[i]);
        else if (n == 0)
            fputs("\\ufffd", out);
        else if (terminal_steers(at + i, n))
            fprintf(out, "\\u%04x",
                    n == 1   ? at[i]
                    : n == 2 ? at[i + 1]
                             : 0x2000U | (at[i + 1] & 0x3FU) << 6 | (at[i + 2] & 0x3FU));
        else
            fwrite(at + i, 1, n, out);
        i += n ? n : 1;
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
    if (r->flags & KINESIS_AGGREGATED)
        fprintf(p->out, ",\"sub_sequence\":%" PRIu64, r->sub_sequence_number);
    if (r->flags & KINESIS_OUTSIDE_SHARD)
        fputs(",\"outside_shard\":true", p->out);
    if (r->flags & KINESIS_AGGREGATE_DAMAGED)
        fputs(",\"damaged_aggregate\":true", p->out);
    fputs(",\"key\":", p->out);
    put_json_string(p->out, r->partition_key);
    if (r->explicit_hash_key.len) {
        fputs(",\"explicit_hash_key\":", p->out);
        put_json_string(p->out, r->explicit_hash_key);
    }
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
        } else if (*c == '%' && (!*++c || !strchr("soukvtlS%", *c))) {
            return "the fields are %s %o %u %k %v %t %l %S and %%";
        }
    }
    return NULL;
}

static void put_field(const struct printer *p, char field, const struct kinesis_record *r)
{
    switch (field) {
    case 's':
        put_text(p, r->shard_id);
        break;
    case 'o':
        put_text(p, r->sequence_number);
        break;
    case 'u':
        fprintf(p->out, "%" PRIu64, r->sub_sequence_number);
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
