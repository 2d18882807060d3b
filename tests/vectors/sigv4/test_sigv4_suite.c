/* Runs vectors/sigv4-aws-c-auth: every case, header and query mode, each stage byte for byte. */
#include "base/moment.h"
#include "base/text.h"
#include "vectors/vectors.h"

#include <dirent.h>
#include <sigv4/credentials.h>
#include <sigv4/sign.h>

enum { ROOM = 8192, MAX_HEADERS = 32 };

struct signing_case {
    struct tally *tally;
    char name[160]; /* "get-vanilla, header" */
    const char *folder;
    char request[ROOM]; /* what the views below point into */
    char date[17], body_hash[65];
    struct sigv4_header headers[MAX_HEADERS];
    struct sigv4_to_sign in;
    struct sigv4_credentials *creds;
    struct sigv4_slice token;
    bool omit_token, sign_body;
    uint32_t expires;
};

static struct sigv4_slice read_file(const char *folder, const char *file, char *out, size_t cap)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("FAILED: cannot read %s\n", path);
        exit(1);
    }
    size_t n = fread(out, 1, cap - 1, f);
    fclose(f);
    out[n] = '\0';
    return sigv4_bytes(out, n);
}

static void add_header(struct signing_case *c, struct sigv4_slice name, struct sigv4_slice value)
{
    if (c->in.header_count == MAX_HEADERS)
        exit(1);
    c->headers[c->in.header_count++] = (struct sigv4_header){name, value};
}

/* The target may hold blanks: it lies between the first and the last one of its line. */
static void parse_request_line(struct signing_case *c, struct sigv4_slice line)
{
    size_t first = sigv4__find(line, ' '), last = line.len;
    while (last > 0 && ((const char *)line.ptr)[last - 1] != ' ')
        last--;
    struct sigv4_slice target = sigv4__from(sigv4__first(line, last - 1), first + 1);
    size_t question = sigv4__find(target, '?');
    c->in.method = sigv4__first(line, first);
    c->in.path = sigv4__first(target, question);
    c->in.query = sigv4__from(target, question + 1);
}

static void unfold(char *text)
{
    char *body = strstr(text, "\n\n");
    for (char *p = text; *p && p != body; p++)
        if (*p == '\n' && (p[1] == ' ' || p[1] == '\t'))
            *p = ' ';
}

static void parse_request(struct signing_case *c)
{
    struct sigv4_slice rest = read_file(c->folder, "request.txt", c->request, ROOM);
    unfold(c->request);
    size_t end = sigv4__find(rest, '\n');
    parse_request_line(c, sigv4__first(rest, end));
    rest = sigv4__from(rest, end + 1);
    for (end = sigv4__find(rest, '\n'); end > 0; end = sigv4__find(rest, '\n')) {
        struct sigv4_slice line = sigv4__first(rest, end);
        size_t colon = sigv4__find(line, ':');
        add_header(c, sigv4__first(line, colon), sigv4__from(line, colon + 1));
        rest = sigv4__from(rest, end + 1);
    }
    rest = sigv4__from(rest, 1);
    if (sigv4_sha256_hex(c->sign_body ? rest : SIGV4_LIT(""), c->body_hash))
        exit(1);
    c->in.payload_hash = sigv4_str(c->body_hash);
}

static void read_context(struct signing_case *c, const json_t *context)
{
    const json_t *keys = json_object_get(context, "credentials");
    int64_t ms;
    struct sigv4_keys made = {.size = sizeof made,
                              .access_key_id = sigv4_str(vectors_text(keys, "access_key_id")),
                              .secret_access_key =
                                  sigv4_str(vectors_text(keys, "secret_access_key")),
                              .session_token = sigv4_str(vectors_text(keys, "token"))};
    if (sigv4_credentials_new(&c->creds, &made, NULL, NULL) ||
        !sigv4__moment_parse_iso(sigv4_str(vectors_text(context, "timestamp")), &ms))
        exit(1);
    c->token = sigv4_credentials_keys(c->creds).session_token;
    c->omit_token = json_is_true(json_object_get(context, "omit_session_token"));
    c->sign_body = json_is_true(json_object_get(context, "sign_body"));
    c->expires = (uint32_t)json_integer_value(json_object_get(context, "expiration_in_seconds"));
    c->in = (struct sigv4_to_sign){
        .size = sizeof c->in,
        .headers = c->headers,
        .region = sigv4_str(vectors_text(context, "region")),
        .service = sigv4_str(vectors_text(context, "service")),
        .unix_seconds = ms / 1000,
        .flags = json_is_false(json_object_get(context, "normalize")) ? SIGV4_NO_NORMALIZE : 0};
    if (c->omit_token)
        c->in.flags |= SIGV4_OMIT_TOKEN;
    sigv4_amz_date(c->in.unix_seconds, c->date);
}

static void compare_file(struct signing_case *c, const char *mode, const char *stage,
                         const struct sigv4_text *got)
{
    char file[64], expected[ROOM];
    snprintf(file, sizeof file, "%s-%s.txt", mode, stage);
    read_file(c->folder, file, expected, sizeof expected);
    got->ptr[got->len < got->cap ? got->len : got->cap - 1] = '\0';
    tally_check(c->tally, c->name, stage, expected, got->ptr);
}

/* Each stage fed with what the stage before gave. */
static void run_stages(struct signing_case *c, const char *mode)
{
    static char canonical_room[ROOM], text_room[ROOM];
    char hex[65];
    struct sigv4_text canonical = {canonical_room, ROOM, 0}, text = {text_room, ROOM, 0};
    struct sigv4_text signature = {hex, sizeof hex, 64};
    if (sigv4_canonical_request(&c->in, &canonical) ||
        sigv4_string_to_sign(&c->in, sigv4_bytes(canonical.ptr, canonical.len), &text) ||
        sigv4_signature(&c->in, c->creds, NULL, sigv4_bytes(text.ptr, text.len), hex))
        tally_check(c->tally, c->name, "stages", "no error", "an error");
    compare_file(c, mode, "canonical-request", &canonical);
    compare_file(c, mode, "string-to-sign", &text);
    compare_file(c, mode, "signature", &signature);
}

/* The value of a header in a signed request, or "". */
static void header_of(const char *request, const char *name, char *out, size_t cap)
{
    char start[64];
    snprintf(start, sizeof start, "\n%s:", name);
    const char *at = strstr(request, start);
    at = at ? at + strlen(start) : "";
    snprintf(out, cap, "%.*s", (int)strcspn(at, "\n"), at);
}

static void run_header_mode(struct signing_case *c)
{
    char room[ROOM], request[ROOM], expected[ROOM];
    struct sigv4_text out = {room, sizeof room - 1, 0};
    if (c->token.len && !c->omit_token)
        add_header(c, SIGV4_LIT("X-Amz-Security-Token"), c->token);
    add_header(c, SIGV4_LIT("X-Amz-Date"), sigv4_str(c->date));
    if (c->sign_body)
        add_header(c, SIGV4_LIT("x-amz-content-sha256"), c->in.payload_hash);
    run_stages(c, "header");
    if (sigv4_authorization(&c->in, c->creds, NULL, &out, NULL))
        tally_check(c->tally, c->name, "authorization", "no error", "an error");
    room[out.len] = '\0';
    read_file(c->folder, "header-signed-request.txt", request, sizeof request);
    header_of(request, "Authorization", expected, sizeof expected);
    tally_check(c->tally, c->name, "Authorization", expected, room);
    header_of(request, "X-Amz-Security-Token", expected, sizeof expected);
    tally_check(c->tally, c->name, "token to be sent", c->token.len ? c->token.ptr : "", expected);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Parameters in alphabetical order, one per line. */
static void sorted(const char *query, char *out, size_t cap)
{
    char copy[ROOM], *list[64], *save = NULL;
    size_t n = 0, used = 0;
    snprintf(copy, sizeof copy, "%s", query);
    for (char *p = strtok_r(copy, "&", &save); p && n < 64; p = strtok_r(NULL, "&", &save))
        list[n++] = p;
    qsort(list, n, sizeof *list, compare_texts);
    out[0] = '\0';
    for (size_t i = 0; i < n && used < cap; i++)
        used += (size_t)snprintf(out + used, cap - used, "%s\n", list[i]);
}

static void run_query_mode(struct signing_case *c)
{
    static char query[ROOM], complete[ROOM], request[ROOM];
    char expected[ROOM], got[ROOM];
    struct sigv4_text out = {query, sizeof query, 0}, whole = {complete, sizeof complete - 1, 0};
    if (sigv4_presign(&c->in, c->creds, NULL, c->expires, &whole) ||
        sigv4_presign_query(&c->in, c->creds, c->expires, &out))
        tally_check(c->tally, c->name, "presign", "no error", "an error");
    complete[whole.len] = '\0';
    c->in.query = sigv4_bytes(query, out.len);
    run_stages(c, "query");
    read_file(c->folder, "query-signed-request.txt", request, sizeof request);
    char *question = strchr(request, '?');
    char *end = question ? strstr(question, " HTTP/1.1") : NULL;
    if (end)
        *end = '\0';
    sorted(question ? question + 1 : "", expected, sizeof expected);
    sorted(complete, got, sizeof got);
    tally_check(c->tally, c->name, "parameters", expected, got);
}

static void run_mode(struct tally *t, const char *folder, const char *name, bool query)
{
    struct signing_case c = {.tally = t, .folder = folder};
    char path[1024];
    json_error_t error;
    unsigned failed = t->failed;
    snprintf(c.name, sizeof c.name, "%s, %s", name, query ? "query" : "header");
    snprintf(path, sizeof path, "%s/context.json", folder);
    json_t *context = json_load_file(path, 0, &error);
    if (!context) {
        tally_check(t, c.name, "context.json", "readable", error.text);
        return;
    }
    read_context(&c, context);
    parse_request(&c);
    if (query)
        run_query_mode(&c);
    else
        run_header_mode(&c);
    t->passed += t->failed == failed;
    sigv4_credentials_release(c.creds);
    json_decref(context);
}

int main(void)
{
    char root[1024], folder[2048];
    struct tally t = {0};
    DIR *dir = opendir(vectors_path(root, sizeof root, "sigv4-aws-c-auth/v4"));
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(folder, sizeof folder, "%s/%s", root, e->d_name);
        run_mode(&t, folder, e->d_name, false);
        run_mode(&t, folder, e->d_name, true);
    }
    if (dir)
        closedir(dir);
    tally_print(&t, "sigv4-aws-c-auth");
    return t.failed || t.passed == 0;
}
