/* Canonical requests (Signature Version 4), from the wire form of a request. */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "percent.h"

/* RFC 3986 remove_dot_segments, and runs of slashes count as one. */
static void normalize(struct text *out, const char *path)
{
    size_t length = strlen(path);
    bool slash_at_end = length > 0 && path[length - 1] == '/';
    const char *p = path;
    while (*p != '\0') {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (out->length > 0 && out->data[out->length - 1] != '/')
                out->length--;
            if (out->length > 0)
                out->length--;
            slash_at_end = slash_at_end || p[n] == '\0';
        } else if (n == 1 && p[0] == '.') {
            slash_at_end = slash_at_end || p[n] == '\0';
        } else if (n > 0) {
            text_putc(out, '/');
            text_add(out, p, n);
        }
        p += n;
        if (*p == '/')
            p++;
    }
    if (slash_at_end || out->length == 0)
        text_putc(out, '/');
}

void canonical_path(struct text *out, const char *path, enum canonical_path_rule rule)
{
    if (path[0] == '\0') {
        text_putc(out, '/');
    } else if (rule == CANONICAL_PATH_S3) {
        size_t length = 0;
        char *decoded = percent_decode(path, strlen(path), &length);
        percent_encode(out, decoded, length, true);
        free(decoded);
    } else if (rule == CANONICAL_PATH_AS_SENT) {
        percent_encode(out, path, strlen(path), true);
    } else {
        struct text normal = {0};
        normalize(&normal, path);
        percent_encode(out, normal.data, normal.length, true);
        text_free(&normal);
    }
}

void canonical_split_query(const char *query, struct header_list *params)
{
    const char *p = query == NULL ? "" : query;
    while (*p != '\0') {
        size_t length = strcspn(p, "&");
        if (length > 0) {
            const char *equals = memchr(p, '=', length);
            size_t name_length = equals != NULL ? (size_t)(equals - p) : length;
            struct header item = {.name = percent_decode(p, name_length, NULL),
                                  .has_value = equals != NULL};
            item.value = equals == NULL ? memory_string("")
                                        : percent_decode(equals + 1, length - name_length - 1,
                                                         &item.value_length);
            header_list_take(params, item);
        }
        p += length;
        if (*p == '&')
            p++;
    }
}

struct pair {
    char *name; /* both encoded */
    char *value;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : strcmp(x->value, y->value);
}

static char *encoded(const char *bytes, size_t length)
{
    struct text text = {0};
    percent_encode(&text, bytes, length, false);
    return text_take(&text);
}

void canonical_query(struct text *out, const char *query)
{
    struct header_list params = {0};
    canonical_split_query(query, &params);
    struct pair *pairs = memory_take(params.count, sizeof *pairs);
    size_t count = 0;
    for (size_t i = 0; i < params.count; i++) {
        const struct header *item = &params.items[i];
        if (strcmp(item->name, "X-Amz-Signature") == 0)
            continue;
        pairs[count].name = encoded(item->name, strlen(item->name));
        pairs[count++].value = encoded(item->value, item->value_length);
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "%s%s=%s", i > 0 ? "&" : "", pairs[i].name, pairs[i].value);
        free(pairs[i].name);
        free(pairs[i].value);
    }
    free(pairs);
    header_list_free(&params);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, runs of blanks as one. */
static void put_value(struct text *out, const char *value)
{
    bool pending = false, any = false;
    for (const char *p = value; *p != '\0'; p++) {
        if (blank(*p)) {
            pending = any;
            continue;
        }
        if (pending)
            text_putc(out, ' ');
        pending = false;
        any = true;
        text_putc(out, *p);
    }
}

static void put_header(struct text *out, const struct header_list *headers, const char *name,
                       size_t name_length)
{
    bool first = true;
    text_add(out, name, name_length);
    text_putc(out, ':');
    /* Signed over HTTP/2; a proxy in front of us has made it Host. */
    if (name_length == strlen(":authority") && memcmp(name, ":authority", name_length) == 0) {
        name = "host";
        name_length = strlen(name);
    }
    for (size_t i = 0; i < headers->count; i++) {
        const struct header *item = &headers->items[i];
        if (strlen(item->name) != name_length || strncasecmp(item->name, name, name_length) != 0)
            continue;
        if (!first)
            text_putc(out, ',');
        first = false;
        put_value(out, item->value);
    }
    text_putc(out, '\n');
}

void canonical_headers(struct text *out, const struct header_list *headers, const char *names)
{
    for (const char *p = names; *p != '\0';) {
        size_t length = strcspn(p, ";");
        put_header(out, headers, p, length);
        p += length;
        if (*p == ';')
            p++;
    }
}

void canonical_request(struct text *out, const struct canonical_input *input)
{
    text_printf(out, "%s\n", input->method);
    canonical_path(out, input->path, input->path_rule);
    text_putc(out, '\n');
    canonical_query(out, input->query);
    text_putc(out, '\n');
    canonical_headers(out, input->headers, input->signed_headers);
    text_printf(out, "\n%s\n%s", input->signed_headers, input->payload_hash);
}
