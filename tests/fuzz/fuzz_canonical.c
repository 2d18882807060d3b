/* The signer's reading of arbitrary requests: a flag byte, then lines: path, query, method, and one
 * per header (name:value). */
#include <assert.h>
#include <sigv4/credentials.h>
#include <sigv4/sign.h>
#include <stdlib.h>

enum { MAX_HEADERS = 100 };

static struct sigv4_slice take_line(struct sigv4_slice *rest, char end)
{
    const char *start = rest->ptr, *hit = rest->len ? memchr(start, end, rest->len) : NULL;
    size_t n = hit ? (size_t)(hit - start) : rest->len;
    size_t used = hit ? n + 1 : n;
    *rest = sigv4_bytes(start + used, rest->len - used);
    return sigv4_bytes(start, n);
}

static size_t take_headers(struct sigv4_slice rest, struct sigv4_header *headers)
{
    size_t n = 0;
    headers[n++] = (struct sigv4_header){SIGV4_LIT("host"), SIGV4_LIT("h")};
    while (rest.len && n < MAX_HEADERS) {
        struct sigv4_slice line = take_line(&rest, '\n');
        headers[n].name = take_line(&line, ':');
        headers[n++].value = line;
    }
    return n;
}

/* The canonical request, measured first; NULL when it is refused. */
static char *canonical_of(const struct sigv4_to_sign *in, size_t *len)
{
    struct sigv4_text out = {NULL, 0, 0};
    int status = sigv4_canonical_request(in, &out);
    if (status == SIGV4_E_INVALID)
        return NULL;
    assert(status == SIGV4_E_TOO_LARGE && out.len > 0);
    *len = out.len;
    out = (struct sigv4_text){malloc(*len + 1), *len, 0};
    status = sigv4_canonical_request(in, &out);
    assert(status == SIGV4_OK && out.len == *len);
    out.ptr[*len] = '\0';
    return out.ptr;
}

/* What went into the hash in one go is what the stages show. */
static void check_stages(const struct sigv4_to_sign *in, struct sigv4_slice canonical,
                         const struct sigv4_credentials *creds)
{
    char text_room[512], one[65], other[65];
    struct sigv4_text text = {text_room, sizeof text_room, 0}, none = {NULL, 0, 0};
    int status = sigv4_string_to_sign(in, canonical, &text);
    assert(status == SIGV4_OK);
    status = sigv4_signature(in, creds, NULL, sigv4_bytes(text.ptr, text.len), one);
    assert(status == SIGV4_OK);
    status = sigv4_authorization(in, creds, NULL, &none, other);
    assert(status == SIGV4_E_TOO_LARGE);
    assert(strcmp(one, other) == 0);
}

/* A canonical query is its own canonical form, and no part can add a line. */
static void check_query(const struct sigv4_to_sign *in, const char *canonical)
{
    struct sigv4_to_sign again = *in;
    size_t len;
    const char *query = strchr(strchr(canonical, '\n') + 1, '\n') + 1;
    again.query = sigv4_bytes(query, strcspn(query, "\n"));
    char *second = canonical_of(&again, &len);
    assert(second && strcmp(second, canonical) == 0);
    free(second);
    size_t lines = 0;
    for (const char *p = canonical; *p; p++)
        lines += *p == '\n';
    assert(lines <= 6 + in->header_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4_header headers[MAX_HEADERS];
    struct sigv4_slice rest = sigv4_bytes(data, size);
    struct sigv4_to_sign in = {.size = sizeof in,
                               .headers = headers,
                               .payload_hash = SIGV4_EMPTY_SHA256,
                               .region = SIGV4_LIT("r"),
                               .service = SIGV4_LIT("s"),
                               .flags = size ? data[0] & 3u : 0};
    struct sigv4_keys keys = {
        .size = sizeof keys, .access_key_id = SIGV4_LIT("A"), .secret_access_key = SIGV4_LIT("S")};
    struct sigv4_credentials *creds;
    size_t len;
    if (sigv4_credentials_new(&creds, &keys, NULL, NULL))
        return 0;
    if (size)
        rest = sigv4_bytes(data + 1, size - 1);
    in.path = take_line(&rest, '\n');
    in.query = take_line(&rest, '\n');
    in.method = take_line(&rest, '\n');
    in.header_count = take_headers(rest, headers);
    char *canonical = canonical_of(&in, &len);
    if (canonical) {
        check_stages(&in, sigv4_bytes(canonical, len), creds);
        check_query(&in, canonical);
    }
    free(canonical);
    sigv4_credentials_release(creds);
    return 0;
}
