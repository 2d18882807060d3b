/* Failures in XML. */
#include "client/error_xml.h"

#include "base/fail.h"
#include "base/text.h"

#include <expat.h>

enum { MAX_DEPTH = 32, ERROR_DEPTH = 3 };

struct reader {
    XML_Parser parser;
    struct sigv4__error_body *out;
    unsigned depth, error_depth; /* error_depth 0: no Error element yet */
    bool error_over;             /* only the first one counts */
    char *into;                  /* where the text of this element goes; NULL: nowhere */
    size_t cap, len;
    char *root; /* only the root's name is asked for */
    size_t root_cap;
};

static const char *without_prefix(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static void collect(struct reader *r, char *into, size_t cap)
{
    if (into[0])
        return;
    r->into = into;
    r->cap = cap;
    r->len = 0;
}

static bool is_request_id(const char *name)
{
    return strcmp(name, "RequestId") == 0 || strcmp(name, "RequestID") == 0;
}

static void enter(struct reader *r, const char *name)
{
    bool in_error = r->error_depth && !r->error_over && r->depth == r->error_depth + 1;
    if (!r->error_depth && r->depth <= ERROR_DEPTH && strcmp(name, "Error") == 0)
        r->error_depth = r->depth;
    else if (in_error && strcmp(name, "Code") == 0)
        collect(r, r->out->code, sizeof r->out->code);
    else if (in_error && strcmp(name, "Message") == 0)
        collect(r, r->out->message, sizeof r->out->message);
    else if ((in_error || r->depth == 2) && is_request_id(name))
        collect(r, r->out->request_id, sizeof r->out->request_id);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    r->depth++;
    r->into = NULL; /* what has elements inside is not the text we look for */
    if (r->root)
        sigv4__fixed_copy(r->root, r->root_cap, sigv4_str(without_prefix(name)));
    if (r->root || r->depth > MAX_DEPTH)
        XML_StopParser(r->parser, XML_FALSE);
    else
        enter(r, without_prefix(name));
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    (void)name;
    r->into = NULL;
    if (r->depth == r->error_depth)
        r->error_over = true;
    r->depth--;
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct reader *r = ctx;
    size_t n = (size_t)len;
    if (!r->into)
        return;
    bool full = n > r->cap - 1 - r->len;
    if (full) {
        n = r->cap - 1 - r->len;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--; /* no half of a character */
    }
    memcpy(r->into + r->len, text, n);
    r->len += n;
    r->into[r->len] = '\0';
    if (full)
        r->into = NULL;
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal)
{
    struct reader *r = ctx;
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal;
    XML_StopParser(r->parser, XML_FALSE);
}

/* A service that holds a connection open writes blanks before the text begins. */
static void parse(struct reader *r, struct sigv4_slice body)
{
    body = sigv4__trim(sigv4__first(body, SIGV4__ERROR_BODY_MAX));
    r->parser = XML_ParserCreate(NULL);
    if (!r->parser)
        return;
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    (void)XML_Parse(r->parser, body.ptr, (int)body.len, XML_TRUE);
    XML_ParserFree(r->parser);
}

bool sigv4__error_xml_read(struct sigv4_slice body, struct sigv4__error_body *out)
{
    struct reader r = {.out = out};
    parse(&r, body);
    return r.error_depth > 0;
}

bool sigv4__error_xml_root(struct sigv4_slice body, char *name, size_t cap)
{
    struct reader r = {.root = name, .root_cap = cap};
    name[0] = '\0';
    parse(&r, body);
    return name[0] != '\0';
}
