/* Runs vectors/sigv4-docs: the examples AWS publishes: headers, presigned, chunked with and without
 * trailer, key derivation, POST policy. */
#include "base/moment.h"
#include "base/text.h"
#include "sign/key_cache.h"
#include "vectors/vectors.h"

enum { ROOM = 8192, MAX_HEADERS = 32 };

struct example {
    struct tally *tally;
    const char *name;
    const json_t *json, *expected;
    struct sigv4_header headers[MAX_HEADERS];
    char query[ROOM];
    struct sigv4_to_sign in;
    struct sigv4_credentials *creds;
};

static void check(struct example *e, const char *what, const char *expected, struct sigv4_text got)
{
    got.ptr[got.len < got.cap ? got.len : got.cap - 1] = '\0';
    tally_check(e->tally, e->name, what, expected, got.ptr);
}

static void check_hex(struct example *e, const char *what, const char *expected, const char *got)
{
    tally_check(e->tally, e->name, what, expected, got);
}

static void must(struct example *e, const char *what, int status)
{
    tally_check(e->tally, e->name, what, "OK", sigv4_status_name(status));
}

/* "20130524T000000Z", by way of the form with separators. */
static int64_t unix_seconds(const char *t)
{
    char iso[32];
    int64_t ms = 0;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", t, t + 4, t + 6, t + 9, t + 11,
             t + 13);
    if (!sigv4__moment_parse_iso(sigv4_str(iso), &ms))
        exit(1);
    return ms / 1000;
}

static void read_keys_and_scope(struct example *e)
{
    const json_t *keys = json_object_get(e->json, "credentials");
    struct sigv4_keys made = {.size = sizeof made,
                              .access_key_id = sigv4_str(vectors_text(keys, "access_key_id")),
                              .secret_access_key =
                                  sigv4_str(vectors_text(keys, "secret_access_key"))};
    char date[32];
    snprintf(date, sizeof date, "%sT000000Z", vectors_text(e->json, "date"));
    const char *time = vectors_text(e->json, "timestamp");
    if (sigv4_credentials_new(&e->creds, &made, NULL, NULL))
        exit(1);
    e->in = (struct sigv4_to_sign){.size = sizeof e->in,
                                   .headers = e->headers,
                                   .region = sigv4_str(vectors_text(e->json, "region")),
                                   .service = sigv4_str(vectors_text(e->json, "service")),
                                   .unix_seconds = unix_seconds(*time ? time : date)};
}

static struct sigv4_header pair(const json_t *array)
{
    struct sigv4_header h = {sigv4_str(json_string_value(json_array_get(array, 0))),
                             sigv4_str(json_string_value(json_array_get(array, 1)))};
    return h;
}

static void read_request(struct example *e)
{
    const json_t *request = json_object_get(e->json, "request"), *item;
    struct sigv4_text query = {e->query, sizeof e->query, 0};
    size_t i;
    e->in.method = sigv4_str(vectors_text(request, "method"));
    e->in.path = sigv4_str(vectors_text(request, "wire_path"));
    e->in.payload_hash = sigv4_str(vectors_text(request, "payload_hash"));
    json_array_foreach(json_object_get(request, "headers"), i, item)
    {
        if (i < MAX_HEADERS)
            e->headers[e->in.header_count++] = pair(item);
    }
    json_array_foreach(json_object_get(request, "query"), i, item)
    {
        struct sigv4_header param = pair(item);
        sigv4__text_str(&query, i ? "&" : "");
        sigv4__text_encode(&query, param.name, false);
        sigv4__text_char(&query, '=');
        sigv4__text_encode(&query, param.value, false);
    }
    e->in.query = sigv4_bytes(query.ptr, query.len);
    if (sigv4__equal_str(e->in.service, "s3"))
        e->in.flags = SIGV4_S3_PATH;
}

static void run_stages(struct example *e, const char *signature)
{
    char canonical_room[ROOM], text_room[ROOM], hex[65] = "";
    struct sigv4_text canonical = {canonical_room, ROOM, 0}, text = {text_room, ROOM, 0};
    must(e, "canonical request", sigv4_canonical_request(&e->in, &canonical));
    must(e, "string to sign",
         sigv4_string_to_sign(&e->in, sigv4_bytes(canonical.ptr, canonical.len), &text));
    must(e, "signature",
         sigv4_signature(&e->in, e->creds, NULL, sigv4_bytes(text.ptr, text.len), hex));
    check(e, "canonical request", vectors_text(e->expected, "canonical_request"), canonical);
    check(e, "string to sign", vectors_text(e->expected, "string_to_sign"), text);
    check_hex(e, "signature", vectors_text(e->expected, signature), hex);
}

static void run_header(struct example *e)
{
    char room[ROOM];
    struct sigv4_text out = {room, sizeof room, 0};
    read_request(e);
    run_stages(e, "signature");
    must(e, "authorization", sigv4_authorization(&e->in, e->creds, NULL, &out, NULL));
    check(e, "authorization", vectors_text(e->expected, "authorization"), out);
}

static void run_presign(struct example *e)
{
    char query[ROOM], room[ROOM];
    struct sigv4_text out = {room, sizeof room, 0}, added = {query, sizeof query, 0};
    uint32_t expires = (uint32_t)json_integer_value(json_object_get(e->json, "expires"));
    read_request(e);
    const char *url = vectors_text(e->expected, "url"), *question = strchr(url, '?');
    must(e, "presign", sigv4_presign(&e->in, e->creds, NULL, expires, &out));
    check(e, "query of the URL", question ? question + 1 : "", out);
    must(e, "query", sigv4_presign_query(&e->in, e->creds, expires, &added));
    e->in.query = sigv4_bytes(query, added.len);
    run_stages(e, "signature");
}

static void run_chunk(struct example *e, struct sigv4_key_cache *keys, const json_t *chunk,
                      char last[65])
{
    const json_t *payload = json_object_get(chunk, "payload");
    size_t count = (size_t)json_integer_value(json_object_get(payload, "count"));
    char *data = malloc(count + 1), head[128];
    memset(data, vectors_text(payload, "repeat")[0], count);
    must(e, "chunk",
         sigv4_chunk_signature(&e->in, e->creds, keys, sigv4_bytes(last, 64),
                               sigv4_bytes(data, count), last));
    snprintf(head, sizeof head, "%zx;chunk-signature=%s\r\n", count, last);
    check_hex(e, "chunk", vectors_text(chunk, "signature"), last);
    check_hex(e, "chunk's head", vectors_text(chunk, "wire_header"), head);
    free(data);
}

static void run_chunked(struct example *e)
{
    char last[65] = "", room[ROOM];
    struct sigv4_text out = {room, sizeof room, 0};
    struct sigv4_key_cache *keys;
    const json_t *chunk, *trailer = json_object_get(e->expected, "trailer");
    size_t i;
    read_request(e);
    run_stages(e, "seed_signature");
    must(e, "key cache", sigv4_key_cache_new(&keys, NULL));
    must(e, "seed", sigv4_authorization(&e->in, e->creds, keys, &out, last));
    json_array_foreach(json_object_get(e->expected, "chunks"), i, chunk)
    {
        run_chunk(e, keys, chunk, last);
    }
    if (trailer) {
        struct sigv4_slice lines = sigv4_str(vectors_text(trailer, "canonical_trailer"));
        must(e, "trailer",
             sigv4_trailer_signature(&e->in, e->creds, keys, sigv4_bytes(last, 64), lines, last));
        check_hex(e, "trailer", vectors_text(trailer, "signature"), last);
    }
    sigv4_key_cache_free(keys);
}

static void check_key(struct example *e, const char *name, const unsigned char *key)
{
    char hex[65] = "";
    const char *expected = vectors_text(e->expected, name);
    sigv4__hex(key, SIGV4__SHA256_LEN, hex);
    if (*expected)
        check_hex(e, name, expected, hex);
}

/* The steps by the base's HMAC, the result by what the cache derived. */
static void run_derive(struct example *e)
{
    static const char *const names[] = {"kDate", "kRegion", "kService", "kSigning"};
    const struct sigv4_slice steps[] = {sigv4_str(vectors_text(e->json, "date")), e->in.region,
                                        e->in.service, SIGV4_LIT("aws4_request")};
    unsigned char key[SIGV4__SHA256_LEN];
    char secret[256], hex[65];
    struct sigv4_key_cache *keys;
    must(e, "key cache", sigv4_key_cache_new(&keys, NULL));
    must(e, "signature", sigv4_signature(&e->in, e->creds, keys, SIGV4_LIT("any"), hex));
    check_key(e, "kSigning", keys->slots[0].signing);
    snprintf(secret, sizeof secret, "AWS4%s",
             vectors_text(json_object_get(e->json, "credentials"), "secret_access_key"));
    struct sigv4_slice by = sigv4_str(secret);
    for (size_t i = 0; i < 4; i++) {
        must(e, names[i], sigv4__digest_hmac(keys->sha256, by, steps[i], key));
        check_key(e, names[i], key);
        by = sigv4_bytes(key, sizeof key);
    }
    sigv4_key_cache_free(keys);
}

static void run_policy(struct example *e)
{
    char hex[65] = "";
    struct sigv4_slice policy = sigv4_str(vectors_text(e->expected, "policy_base64"));
    must(e, "signature", sigv4_signature(&e->in, e->creds, NULL, policy, hex));
    check_hex(e, "signature", vectors_text(e->expected, "signature"), hex);
}

static void run_example(struct tally *t, const json_t *json)
{
    static const struct {
        const char *kind;
        void (*run)(struct example *);
    } runners[] = {{"header", run_header},      {"presign", run_presign},
                   {"chunked", run_chunked},    {"derive-key", run_derive},
                   {"post-policy", run_policy}, {NULL, NULL}};
    struct example e = {.tally = t, .name = vectors_text(json, "name"), .json = json};
    const char *kind = vectors_text(json, "kind");
    unsigned failed = t->failed, i = 0;
    e.expected = json_object_get(json, "expected");
    while (runners[i].kind && strcmp(kind, runners[i].kind) != 0)
        i++;
    if (!runners[i].kind) {
        tally_skip(t, e.name, "of a kind this runner does not know");
        return;
    }
    read_keys_and_scope(&e);
    runners[i].run(&e);
    t->passed += t->failed == failed;
    sigv4_credentials_release(e.creds);
}

int main(void)
{
    struct tally t = {0};
    json_t *examples = vectors_load("sigv4-docs/sigv4-docs-examples.json"), *example;
    size_t i;
    json_array_foreach(examples, i, example)
    {
        run_example(&t, example);
    }
    json_decref(examples);
    tally_print(&t, "sigv4-docs");
    return t.failed || t.passed == 0;
}
