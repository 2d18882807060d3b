/* ../shared/vectors/protocol-restxml: our XML reader under a small decoder that follows the shapes,
 * and our encoding of path and query. */
#include "base/buffer.h"
#include "base/moment.h"
#include "vectors/vectors.h"
#include "wire/key.h"
#include "wire/xml_reader.h"

#include <math.h>
#include <openssl/evp.h>

/* ---- a tree of what the reader tells ---- */

struct node {
    char name[64], text[512];
    bool leaf;
    struct node *first, *last, *next, *parent;
};
struct tree {
    struct node nodes[256];
    size_t used;
    struct node *now;
};

static int on_open(void *ctx, const struct s3__xml_element *e)
{
    struct tree *t = ctx;
    struct node *n = &t->nodes[t->used++];
    snprintf(n->name, sizeof n->name, "%s", e->name);
    n->parent = t->now;
    if (t->now) {
        if (t->now->last)
            t->now->last->next = n;
        else
            t->now->first = n;
        t->now->last = n;
    }
    t->now = n;
    return 0;
}

static int on_close(void *ctx, const struct s3__xml_element *e)
{
    struct tree *t = ctx;
    snprintf(t->now->text, sizeof t->now->text, "%.*s", (int)e->text.len,
             e->text.len ? (const char *)e->text.ptr : "");
    t->now->leaf = e->leaf;
    t->now = t->now->parent;
    return 0;
}

static const struct node *child(const struct node *n, const char *name)
{
    for (const struct node *c = n ? n->first : NULL; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* ---- decoding by shape ---- */

static json_t *decode(const json_t *shapes, const json_t *ref, const struct node *n);

static const json_t *shape_of(const json_t *shapes, const json_t *ref)
{
    return json_object_get(shapes, vectors_text(ref, "shape"));
}

static const char *named(const json_t *ref, const char *fallback)
{
    const char *name = vectors_text(ref, "locationName");
    return *name ? name : fallback;
}

/* Flattened lists stand in the parent under the member's own name. */
static json_t *decode_list(const json_t *shapes, const json_t *shape, const struct node *first,
                           const char *item_name)
{
    json_t *list = json_array();
    const json_t *member = json_object_get(shape, "member");
    for (const struct node *n = first; n; n = n->next)
        if (strcmp(n->name, item_name) == 0)
            json_array_append_new(list, decode(shapes, member, n));
    return list;
}

static json_t *decode_map(const json_t *shapes, const json_t *shape, const struct node *first,
                          const char *entry_name)
{
    json_t *map = json_object();
    const json_t *key = json_object_get(shape, "key"), *value = json_object_get(shape, "value");
    for (const struct node *n = first; n; n = n->next) {
        const struct node *k = child(n, named(key, "key")), *v = child(n, named(value, "value"));
        if (strcmp(n->name, entry_name) == 0 && k && v)
            json_object_set_new(map, k->text, decode(shapes, value, v));
    }
    return map;
}

static void decode_member(json_t *out, const json_t *shapes, const char *name, const json_t *ref,
                          const struct node *n)
{
    const json_t *shape = shape_of(shapes, ref);
    const char *type = vectors_text(shape, "type");
    bool flat = json_is_true(json_object_get(shape, "flattened")) ||
                json_is_true(json_object_get(ref, "flattened"));
    const char *tag = named(ref, name);
    const struct node *found = child(n, tag);
    if (!found)
        return;
    if (flat && strcmp(type, "list") == 0)
        json_object_set_new(out, name, decode_list(shapes, shape, n->first, tag));
    else if (flat && strcmp(type, "map") == 0)
        json_object_set_new(out, name, decode_map(shapes, shape, n->first, tag));
    else
        json_object_set_new(out, name, decode(shapes, ref, found));
}

static json_t *decode_structure(const json_t *shapes, const json_t *shape, const struct node *n)
{
    json_t *out = json_object(), *ref;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(shape, "members"), name, ref)
    {
        if (!json_object_get(ref, "location"))
            decode_member(out, shapes, name, ref, n);
    }
    return out;
}

static json_t *decode_timestamp(const char *text)
{
    int64_t ms;
    char *end;
    if (sigv4__moment_parse_iso(sigv4_str(text), &ms) ||
        sigv4__moment_parse_http(sigv4_str(text), &ms))
        return ms % 1000 ? json_real((double)ms / 1000) : json_integer(ms / 1000);
    double seconds = strtod(text, &end);
    return *end ? json_null() : json_integer((json_int_t)seconds);
}

static json_t *decode_number(const char *text)
{
    char *end;
    double d = strtod(text, &end);
    return isfinite(d) ? json_real(d) : json_string(text);
}

static json_t *decode(const json_t *shapes, const json_t *ref, const struct node *n)
{
    const json_t *shape = shape_of(shapes, ref);
    const char *type = vectors_text(shape, "type");
    unsigned char raw[512] = {0};
    if (strcmp(type, "structure") == 0)
        return decode_structure(shapes, shape, n);
    if (strcmp(type, "list") == 0)
        return decode_list(shapes, shape, n->first,
                           named(json_object_get(shape, "member"), "member"));
    if (strcmp(type, "map") == 0)
        return decode_map(shapes, shape, n->first, "entry");
    if (strcmp(type, "boolean") == 0)
        return json_boolean(strcmp(n->text, "true") == 0);
    if (strcmp(type, "integer") == 0 || strcmp(type, "long") == 0)
        return json_integer(strtoll(n->text, NULL, 10));
    if (strcmp(type, "float") == 0 || strcmp(type, "double") == 0)
        return decode_number(n->text);
    if (strcmp(type, "timestamp") == 0)
        return decode_timestamp(n->text);
    if (strcmp(type, "blob") == 0) {
        EVP_DecodeBlock(raw, (const unsigned char *)n->text, (int)strlen(n->text));
        return json_string((const char *)raw);
    }
    return json_string(n->text);
}

/* ---- the cases ---- */

/* The part of an expected result that the body carries. */
static json_t *expected_in_body(const json_t *shape, const json_t *result)
{
    json_t *want = json_copy((json_t *)(uintptr_t)result), *ref;
    const char *name;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(shape, "members"), name, ref)
    {
        if (json_object_get(ref, "location"))
            json_object_del(want, name);
    }
    return want;
}

static void remove_attributes(const json_t *shape, json_t *want)
{
    const char *name;
    json_t *ref;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(shape, "members"), name, ref)
    {
        if (json_is_true(json_object_get(ref, "xmlAttribute")))
            json_object_del(want, name);
    }
}

static void check_output(struct tally *t, const json_t *suite, const json_t *c)
{
    static struct tree tree;
    const char *id = vectors_text(c, "id");
    const char *body = vectors_text(json_object_get(c, "response"), "body");
    const json_t *shapes = json_object_get(suite, "shapes");
    const json_t *ref = json_object_get(json_object_get(c, "given"), "output");
    const json_t *shape = shape_of(shapes, ref);
    const char *payload = vectors_text(shape, "payload");
    if (json_object_get(c, "error")) {
        tally_skip(t, id, "errors are read by libsigv4");
        return;
    }
    if (!*body || *body != '<') {
        tally_skip(t, id, "no XML in it");
        return;
    }
    memset(&tree, 0, sizeof tree);
    struct s3__xml_document document = {sigv4_str(body), NULL, on_open, on_close, &tree};
    struct sigv4_error err;
    if (s3__xml_read(&document, NULL, &err)) {
        tally_check(t, id, "parse", "ok", err.message);
        return;
    }
    const json_t *result = json_object_get(c, "result");
    if (*payload) {
        ref = json_object_get(json_object_get(shape, "members"), payload);
        result = json_object_get(result, payload);
        shape = shape_of(shapes, ref);
    }
    json_t *want = expected_in_body(shape, result), *got = decode(shapes, ref, &tree.nodes[0]);
    remove_attributes(shape, want);
    if (json_equal(want, got)) {
        t->passed++;
    } else {
        char *a = json_dumps(want, JSON_SORT_KEYS), *b = json_dumps(got, JSON_SORT_KEYS);
        tally_check(t, id, "result", a, b);
        free(a);
        free(b);
    }
    json_decref(want);
    json_decref(got);
}

/* Both escaping cases give one string with every character that matters. */
static void check_escaping(struct tally *t, const json_t *c)
{
    const char *id = vectors_text(c, "id");
    bool query = strcmp(id, "RestXmlQueryStringEscaping") == 0;
    struct sigv4__buffer b;
    if (!query && strcmp(id, "HttpRequestLabelEscaping") != 0) {
        tally_skip(t, id, "a shape-driven serializer's case");
        return;
    }
    const json_t *params = json_object_get(c, "params");
    const char *uri = vectors_text(json_object_get(c, "serialized"), "uri");
    sigv4__buffer_init(&b, NULL, 4096);
    if (query) {
        s3__query_add(&b, "String", sigv4_str(vectors_text(params, "queryString")));
        tally_check(t, id, "query", strchr(uri, '?') + 1, sigv4__buffer_cstr(&b));
    } else {
        /* A label encodes '/', a key must not. */
        s3__query_add(&b, "x", sigv4_str(vectors_text(params, "string")));
        char want[512];
        snprintf(want, sizeof want, "x=%s", uri + strlen("/HttpRequestWithLabels/"));
        *strchr(want, '/') = '\0';
        tally_check(t, id, "label", want, sigv4__buffer_cstr(&b));
    }
    t->passed += t->failed == 0;
    sigv4__buffer_free(&b);
}

int main(void)
{
    struct tally out = {0}, in = {0};
    size_t i, k;
    json_t *suite, *c, *outputs = vectors_load("protocol-restxml/output/rest-xml.json"),
                       *inputs = vectors_load("protocol-restxml/input/rest-xml.json");
    json_array_foreach(outputs, i, suite)
    {
        json_array_foreach(json_object_get(suite, "cases"), k, c) check_output(&out, suite, c);
    }
    json_array_foreach(inputs, i, suite)
    {
        json_array_foreach(json_object_get(suite, "cases"), k, c) check_escaping(&in, c);
    }
    tally_print(&out, "rest-xml output");
    tally_print(&in, "rest-xml input");
    json_decref(outputs);
    json_decref(inputs);
    return out.failed || in.failed || out.passed == 0;
}
