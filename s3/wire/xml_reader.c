/* expat, held short. */
#include "wire/xml_reader.h"

#include "base/buffer.h"
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

#include <expat.h>

struct reader {
    const struct s3__xml_document *document;
    XML_Parser parser;
    struct sigv4__buffer text;
    char names[S3__XML_MAX_DEPTH + 1][S3__XML_MAX_NAME]; /* [0] is "" */
    size_t depth;
    bool leaf;          /* nothing but text since the last opening tag */
    int status;         /* why we stopped expat */
    const char *reason; /* the same for people */
};

static void stop(struct reader *r, int status, const char *reason)
{
    if (r->status)
        return;
    r->status = status;
    r->reason = reason;
    XML_StopParser(r->parser, XML_FALSE);
}

static void tell(struct reader *r, s3__xml_fn *fn, bool leaf)
{
    struct s3__xml_element element = {
        .name = r->names[r->depth],
        .parent = r->names[r->depth - 1],
        .depth = r->depth,
        .leaf = leaf,
    };
    if (leaf)
        element.text = sigv4__buffer_view(&r->text);
    int status = fn(r->document->ctx, &element);
    if (status)
        stop(r, status, "the answer's content is not as it should be");
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *r = ctx;
    (void)attributes;
    if (r->status)
        return;
    const char *colon = strrchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    if (r->depth == S3__XML_MAX_DEPTH || strlen(local) >= S3__XML_MAX_NAME) {
        stop(r, SIGV4_E_PROTOCOL, "the XML is too deep or has too long names");
        return;
    }
    r->depth++;
    strcpy(r->names[r->depth], local);
    if (r->depth == 1 && r->document->root && strcmp(local, r->document->root) != 0) {
        stop(r, SIGV4_E_PROTOCOL, "the XML is another document than expected");
        return;
    }
    sigv4__buffer_clear(&r->text);
    r->leaf = true;
    if (r->document->open)
        tell(r, r->document->open, false);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
    struct reader *r = ctx;
    (void)name;
    if (r->status)
        return;
    if (r->text.failed) {
        stop(r, r->text.failed == SIGV4_E_NOMEM ? SIGV4_E_NOMEM : SIGV4_E_PROTOCOL,
             "an element of the XML is too long");
        return;
    }
    tell(r, r->document->close, r->leaf);
    sigv4__buffer_clear(&r->text);
    r->leaf = false;
    r->depth--;
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int length)
{
    struct reader *r = ctx;
    if (r->leaf && !r->status)
        sigv4__buffer_append(&r->text, text, (size_t)length);
}

/* No service sends a DTD, and what one can do (entities, defaults) is not wanted. */
static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public, int has_internal_subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)has_internal_subset;
    stop(ctx, SIGV4_E_PROTOCOL, "the XML has a document type");
}

static int parse(struct reader *r)
{
    struct sigv4_slice rest = r->document->bytes;
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum { STEP = 1 << 30 }; /* expat counts in int */
    bool last;
    do {
        struct sigv4_slice piece = sigv4__first(rest, STEP);
        rest = sigv4__from(rest, piece.len);
        last = rest.len == 0;
        if (XML_Parse(r->parser, piece.len ? piece.ptr : "", (int)piece.len, last) !=
            XML_STATUS_OK) {
            if (r->status == SIGV4_OK && XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
                r->status = SIGV4_E_NOMEM;
            if (r->status == SIGV4_OK) {
                r->status = SIGV4_E_PROTOCOL;
                r->reason = XML_ErrorString(XML_GetErrorCode(r->parser));
            }
        }
    } while (!last && r->status == SIGV4_OK);
    return r->status;
}

int s3__xml_read(const struct s3__xml_document *document, const struct sigv4_alloc *alloc,
                 struct sigv4_error *err)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    int status = SIGV4_E_NOMEM;
    struct reader *r = sigv4__alloc_zero(&hooks, 1, sizeof *r);
    if (!r)
        return sigv4__fail(err, status, "out of memory");
    r->document = document;
    sigv4__buffer_init(&r->text, &hooks, S3__XML_MAX_TEXT);
    r->parser = XML_ParserCreate(NULL);
    if (r->parser)
        status = parse(r);
    if (status == SIGV4_E_NOMEM)
        sigv4__fail(err, status, "out of memory");
    else if (status)
        sigv4__fail(err, status, "unexpected XML in the answer: %s",
                    r->reason ? r->reason : "broken");
    if (r->parser)
        XML_ParserFree(r->parser);
    sigv4__buffer_free(&r->text);
    sigv4__alloc_put(&hooks, r, sizeof *r);
    return status;
}

/* A raw CR or LF would come out of a reader as another line end, hence the references (facts, 6.1).
 */
void s3__xml_escape(struct sigv4__buffer *out, struct sigv4_slice text)
{
    const char *p = text.ptr;
    for (size_t i = 0; i < text.len; i++) {
        switch (p[i]) {
        case '&':
            sigv4__buffer_str(out, "&amp;");
            break;
        case '<':
            sigv4__buffer_str(out, "&lt;");
            break;
        case '>':
            sigv4__buffer_str(out, "&gt;");
            break;
        case '"':
            sigv4__buffer_str(out, "&quot;");
            break;
        case '\r':
            sigv4__buffer_str(out, "&#xD;");
            break;
        case '\n':
            sigv4__buffer_str(out, "&#xA;");
            break;
        default:
            sigv4__buffer_char(out, p[i]);
        }
    }
}

void s3__xml_leaf(struct sigv4__buffer *out, const char *name, struct sigv4_slice text)
{
    sigv4__buffer_format(out, "<%s>", name);
    s3__xml_escape(out, text);
    sigv4__buffer_format(out, "</%s>", name);
}

bool s3__xml_can_carry(struct sigv4_slice text)
{
    const unsigned char *p = text.ptr;
    for (size_t i = 0, n; i < text.len; i += n) {
        n = sigv4__utf8_char((const char *)p + i, text.len - i);
        bool control = n == 1 && p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r';
        /* U+FFFE and U+FFFF */
        bool no_character = n == 3 && p[i] == 0xEF && p[i + 1] == 0xBF && p[i + 2] >= 0xBE;
        if (n == 0 || control || no_character)
            return false;
    }
    return true;
}
