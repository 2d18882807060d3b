/* DeleteObjects, both ways. */
#include "wire/delete_xml.h"

#include "base/fail.h"
#include "wire/xml_reader.h"

int s3__delete_write(struct sigv4__buffer *out, const char *const *keys, size_t count)
{
    if (count == 0 || count > S3__DELETE_MAX_KEYS)
        return SIGV4_E_INVALID;
    sigv4__buffer_str(out, "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                           "<Quiet>true</Quiet>");
    for (size_t i = 0; i < count; i++) {
        sigv4__buffer_str(out, "<Object>");
        s3__xml_leaf(out, "Key", sigv4_str(keys[i]));
        sigv4__buffer_str(out, "</Object>");
    }
    sigv4__buffer_str(out, "</Delete>");
    return out->failed;
}

struct parse {
    struct s3__delete_failure now;
    s3__delete_failure_fn *on_failure;
    void *ctx;
};

static int on_open(void *ctx, const struct s3__xml_element *element)
{
    struct parse *parse = ctx;
    if (element->depth == 2)
        memset(&parse->now, 0, sizeof parse->now);
    return SIGV4_OK;
}

static int on_close(void *ctx, const struct s3__xml_element *element)
{
    struct parse *parse = ctx;
    struct s3__delete_failure *now = &parse->now;
    if (element->depth == 2 && strcmp(element->name, "Error") == 0) {
        if (now->key_len == 0)
            return SIGV4_E_PROTOCOL;
        parse->on_failure(parse->ctx, now);
    } else if (element->depth == 3 && strcmp(element->name, "Key") == 0) {
        if (element->text.len > sizeof now->key)
            return SIGV4_E_PROTOCOL;
        if (element->text.len)
            memcpy(now->key, element->text.ptr, element->text.len);
        now->key_len = element->text.len;
    } else if (element->depth == 3 && strcmp(element->name, "Code") == 0) {
        sigv4__fixed_copy(now->code, sizeof now->code, element->text);
    } else if (element->depth == 3 && strcmp(element->name, "Message") == 0) {
        sigv4__fixed_copy(now->message, sizeof now->message, element->text);
    }
    return SIGV4_OK;
}

int s3__delete_parse(struct sigv4_slice body, s3__delete_failure_fn *on_failure, void *ctx,
                     const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct parse parse = {.on_failure = on_failure, .ctx = ctx};
    struct s3__xml_document document = {body, "DeleteResult", on_open, on_close, &parse};
    return s3__xml_read(&document, alloc, err);
}
