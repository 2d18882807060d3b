/* STS's XML by expat, in memory that is wiped. Only the path below the root counts, so that one
 * reader does for all operations: .../Credentials/SecretAccessKey, .../Error/Code. */
#include "credentials/sts_answer.h"

#include "base/text.h"

#include <expat.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum { MAX_DEPTH = 16, MAX_BODY = 64 << 10 };

/* ---- memory for expat that is wiped when it goes ---- */

/* In front of each block: its size. */
union header {
    size_t size;
    max_align_t align;
};

static void *wiped_get(size_t n)
{
    union header *h;
    if (n > SIZE_MAX - sizeof *h)
        return NULL;
    h = malloc(sizeof *h + n);
    if (!h)
        return NULL;
    h->size = n;
    return h + 1;
}

static void wiped_put(void *p)
{
    if (!p)
        return;
    union header *h = (union header *)p - 1;
    OPENSSL_cleanse(p, h->size);
    free(h);
}

static void *wiped_resize(void *p, size_t n)
{
    void *grown = wiped_get(n);
    if (p && grown) {
        size_t old = ((union header *)p - 1)->size;
        memcpy(grown, p, old < n ? old : n);
        wiped_put(p);
    }
    return grown;
}

/* ---- the members ---- */

static const struct member {
    const char *parent, *name;
    size_t offset;
} members[] = {
#define MEMBER(parent, name, field)                                                                \
    {                                                                                              \
        parent, name, offsetof(struct sigv4__sts_answer, field)                                    \
    }
    MEMBER("Credentials", "AccessKeyId", access_key_id),
    MEMBER("Credentials", "SecretAccessKey", secret_access_key),
    MEMBER("Credentials", "SessionToken", session_token),
    MEMBER("Credentials", "Expiration", expiration),
    MEMBER("AssumedRoleUser", "Arn", arn),
    MEMBER("Error", "Code", code),
    MEMBER("Error", "Message", message),
    MEMBER("ErrorResponse", "RequestId", request_id),
#undef MEMBER
};

struct reader {
    XML_Parser parser;
    struct sigv4__sts_answer *answer;
    int depth, status;
    char names[MAX_DEPTH][24]; /* of the open elements; longer names are cut and match nothing */
    size_t start;              /* of the innermost element's text */
};

static void stop(struct reader *r, int status)
{
    r->status = status;
    XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    if (r->depth == MAX_DEPTH) {
        stop(r, SIGV4_E_PROTOCOL);
        return;
    }
    size_t n = strlen(name), cap = sizeof r->names[0] - 1;
    n = n < cap ? n : cap;
    memcpy(r->names[r->depth], name, n);
    r->names[r->depth++][n] = '\0';
    r->start = r->answer->text.len;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int n)
{
    struct reader *r = ctx;
    sigv4__buffer_append(&r->answer->text, text, (size_t)n);
    if (r->answer->text.failed)
        stop(r, SIGV4_E_PROTOCOL);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    struct sigv4__buffer *text = &r->answer->text;
    struct sigv4_slice value = sigv4_bytes(text->ptr + r->start, text->len - r->start);
    (void)name;
    r->depth--;
    for (size_t i = 0; r->depth > 0 && i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i].name, r->names[r->depth]) == 0 &&
            strcmp(members[i].parent, r->names[r->depth - 1]) == 0)
            *(struct sigv4_slice *)((char *)r->answer + members[i].offset) = sigv4__trim(value);
    r->start = text->len;
}

/* Entities are how small documents become large ones: whoever declares any is refused. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int internal)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)internal;
    stop(ctx, SIGV4_E_PROTOCOL);
}

int sigv4__sts_answer_parse(struct sigv4__sts_answer *answer, struct sigv4_slice body,
                            const struct sigv4_alloc *alloc)
{
    static const XML_Memory_Handling_Suite memory = {wiped_get, wiped_resize, wiped_put};
    struct reader r = {.answer = answer};
    memset(answer, 0, sizeof *answer);
    sigv4__buffer_init(&answer->text, alloc, body.len);
    if (body.len == 0 || body.len > MAX_BODY)
        return SIGV4_E_PROTOCOL;
    /* Text is never longer than the document it came from: nothing moves. */
    if (sigv4__buffer_reserve(&answer->text, body.len))
        return SIGV4_E_NOMEM;
    r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!r.parser)
        return SIGV4_E_NOMEM;
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    if (XML_Parse(r.parser, body.ptr, (int)body.len, XML_TRUE) != XML_STATUS_OK && !r.status)
        r.status =
            XML_GetErrorCode(r.parser) == XML_ERROR_NO_MEMORY ? SIGV4_E_NOMEM : SIGV4_E_PROTOCOL;
    XML_ParserFree(r.parser);
    return r.status;
}

void sigv4__sts_answer_free(struct sigv4__sts_answer *answer)
{
    sigv4__buffer_free_secret(&answer->text);
}
