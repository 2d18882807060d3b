/* default-credential-provider-chain and profile-provider: whole cases with an environment, files
 * and recorded HTTP traffic, which the fake engine plays back. */
#include "base/moment.h"
#include "flow/fake_engine.h"
#include "vectors/vectors.h"

#include <dirent.h>
#include <sigv4/credentials.h>
#include <unistd.h>

enum { MAX_EXCHANGES = 8 };

/* One recorded request with its answer. */
struct exchange {
    const char *method, *uri, *request_body, *response_body;
    const json_t *headers;
    int status; /* 0: no answer was recorded */
};

struct play {
    const char *name, *folder;
    char root[64]; /* a copy of the case's file system */
    struct exchange exchanges[MAX_EXCHANGES];
    size_t count, played;
    struct tally *tally;
    bool done;
    struct sigv4_credentials *creds;
    struct sigv4_error err;
};

static json_t *load(const struct play *play, const char *file)
{
    char name[512];
    snprintf(name, sizeof name, "credentials/%s/%s/%s", play->folder, play->name, file);
    return vectors_load(name);
}

/* ---- the recorded traffic ---- */

static void take_event(struct play *play, const json_t *event)
{
    json_t *action = json_object_get(event, "action");
    size_t id = (size_t)json_integer_value(json_object_get(event, "connection_id"));
    const json_t *request = json_object_get(json_object_get(action, "Request"), "request");
    const json_t *response = json_object_get(json_object_get(action, "Response"), "response");
    const json_t *data = json_object_get(action, "Data");
    if (id >= MAX_EXCHANGES)
        return;
    struct exchange *x = &play->exchanges[id];
    play->count = id >= play->count ? id + 1 : play->count;
    if (request) {
        x->method = vectors_text(request, "method");
        x->uri = vectors_text(request, "uri");
    }
    if (response) {
        const json_t *ok = json_object_get(response, "Ok");
        x->status = (int)json_integer_value(json_object_get(ok, "status"));
        x->headers = json_object_get(ok, "headers");
    }
    if (data && strcmp(vectors_text(data, "direction"), "Request") == 0)
        x->request_body = vectors_text(json_object_get(data, "data"), "Utf8");
    else if (data)
        x->response_body = vectors_text(json_object_get(data, "data"), "Utf8");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "scheme://host/path?a=1&b=2" with the query's parts in order and at least "/" as the path. */
static void normal_uri(const char *uri, char *out, size_t cap)
{
    char copy[1024], *parts[16];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", uri);
    char *query = strchr(copy, '?');
    if (query)
        *query++ = '\0';
    const char *host = strstr(copy, "://");
    const char *slash = host && strchr(host + 3, '/') ? "" : "/";
    if ((size_t)snprintf(out, cap, "%s%s", copy, slash) >= cap)
        abort(); /* the vectors' addresses are short */
    for (char *part = query ? strtok(query, "&") : NULL; part && count < 16;
         part = strtok(NULL, "&"))
        parts[count++] = part;
    qsort(parts, count, sizeof *parts, by_text);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(out);
        snprintf(out + n, cap - n, "%c%s", i ? '&' : '?', parts[i]);
    }
}

/* The value of a field of a form, as it is written. */
static void form_field(const char *form, const char *name, char *out, size_t cap)
{
    size_t n = strlen(name);
    *out = '\0';
    for (const char *at = form; at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL)
        if (strncmp(at, name, n) == 0 && at[n] == '=')
            snprintf(out, cap, "%.*s", (int)strcspn(at + n + 1, "&"), at + n + 1);
}

/* The recordings of AssumeRoleWithWebIdentity were made with other roles and tokens than the case
 * configures, and session names hold the time: these are not compared. */
static void compare_body(struct play *play, const struct exchange *x, const char *body)
{
    static const char *const fields[] = {"Action", "Version", "RoleArn"};
    char theirs[4096], ours[4096];
    bool web = x->request_body && strstr(x->request_body, "WithWebIdentity");
    for (size_t i = 0; x->request_body && i < (web ? 2 : 3); i++) {
        form_field(x->request_body, fields[i], theirs, sizeof theirs);
        form_field(body, fields[i], ours, sizeof ours);
        tally_check(play->tally, play->name, fields[i], theirs, ours);
    }
    form_field(body, "WebIdentityToken", ours, sizeof ours);
    tally_check(play->tally, play->name, "has a token", web ? "yes" : "no", *ours ? "yes" : "no");
}

static void answer(void *ctx, const struct fake_request *request, struct fake_answer *out)
{
    struct play *play = ctx;
    char theirs[1024], ours[1024];
    if (play->played == play->count) {
        out->outcome = FAKE_REFUSED;
        return;
    }
    const struct exchange *x = &play->exchanges[play->played++];
    normal_uri(x->uri, theirs, sizeof theirs);
    normal_uri(request->url, ours, sizeof ours);
    tally_check(play->tally, play->name, "method", x->method, request->method);
    tally_check(play->tally, play->name, "uri", theirs, ours);
    compare_body(play, x, request->body);
    out->status = x->status;
    out->outcome = x->status ? FAKE_ANSWER : FAKE_REFUSED;
    out->body = x->response_body;
}

/* The time of the recording: the first answer's date. */
static void set_clock(struct play *play, struct fake *fake)
{
    int64_t ms;
    for (size_t i = 0; i < play->count; i++) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)play->exchanges[i].headers, key, value)
        {
            const char *text = json_string_value(json_array_get(value, 0));
            bool date = strcmp(key, "date") == 0 || strcmp(key, "Date") == 0;
            if (date && sigv4__moment_parse_http(sigv4_str(text), &ms)) {
                fake_set_wall_ms(fake, ms);
                return;
            }
        }
    }
}

/* ---- files and environment ---- */

/* Copies the case's fs/; the paths inside it are absolute, so that the one file they name is moved
 * with it. */
static void copy_files(struct play *play)
{
    char command[4096], from[512];
    snprintf(from, sizeof from, "credentials/%s/%s", play->folder, play->name);
    char path[1024];
    vectors_path(path, sizeof path, from);
    snprintf(command, sizeof command,
             "mkdir -p %s/home && if [ -d %s/fs ]; then cp -r %s/fs/. %s/ && chmod -R u+w %s; fi;"
             " if [ -f %s/home/.aws/config ]; then sed -i 's|= */token.jwt|= %s/token.jwt|' "
             "%s/home/.aws/config; fi",
             play->root, path, path, play->root, play->root, play->root, play->root, play->root);
    if (system(command) != 0) {
        printf("cannot copy %s\n", path);
        exit(1);
    }
}

static void set_environment(struct play *play, const json_t *environment)
{
    char value[512], vectors[1024] = "";
    const char *key;
    json_t *text;
    if (getenv("VECTORS_DIR"))
        snprintf(vectors, sizeof vectors, "%s", getenv("VECTORS_DIR"));
    clearenv();
    setenv("PATH", "/usr/bin:/bin", 1);
    if (*vectors)
        setenv("VECTORS_DIR", vectors, 1);
    /* A case without HOME has no files. */
    snprintf(value, sizeof value, "%s/nobody", play->root);
    setenv("HOME", value, 1);
    json_object_foreach((json_t *)(uintptr_t)environment, key, text)
    {
        bool file = strcmp(key, "HOME") == 0 || strstr(key, "_FILE");
        snprintf(value, sizeof value, "%s%s", file ? play->root : "", json_string_value(text));
        setenv(key, value, 1);
    }
}

/* ---- one case ---- */

static void take(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct play *play = ctx;
    play->done = true;
    play->creds = creds ? sigv4_credentials_hold(creds) : NULL;
    if (err)
        play->err = *err;
}

static bool is_done(void *ctx)
{
    return ((struct play *)ctx)->done;
}

static void fetch(struct play *play)
{
    struct fake *fake = fake_new();
    struct sigv4_loop *loop = fake_loop(fake, NULL);
    struct sigv4_provider *provider;
    bool whole = strcmp(play->folder, "default-credential-provider-chain") == 0;
    int status = whole ? sigv4_provider_new_default(&provider, NULL, NULL, NULL)
                       : sigv4_provider_new_profile(&provider, NULL, NULL);
    set_clock(play, fake);
    fake_script(fake, (struct fake_answer){.decide = answer, .ctx = play});
    if (!status)
        status = sigv4_provider_fetch(provider, loop, take, play);
    if (status || !fake_run_until(fake, loop, is_done, play))
        tally_check(play->tally, play->name, "fetch", "an answer", "none");
    sigv4_provider_free(provider);
    sigv4_loop_free(loop);
    fake_free(fake);
}

static void compare_text(struct play *play, const json_t *ok, const char *member,
                         struct sigv4_slice got)
{
    char text[4096];
    if (!json_object_get(ok, member))
        return;
    snprintf(text, sizeof text, "%.*s", (int)got.len, (const char *)got.ptr);
    tally_check(play->tally, play->name, member, vectors_text(ok, member), text);
}

static void compare(struct play *play, const json_t *result)
{
    const json_t *ok = json_object_get(result, "Ok");
    const char *error = vectors_text(result, "ErrorContains");
    char theirs[32], ours[32];
    if (!ok && !play->creds) {
        printf("error as expected: %s\n  theirs: %s\n  ours:   %s\n", play->name, error,
               play->err.message);
        return;
    }
    tally_check(play->tally, play->name, "result", ok ? "keys" : error,
                play->creds ? "keys" : play->err.message);
    if (!ok || !play->creds)
        return;
    struct sigv4_keys keys = sigv4_credentials_keys(play->creds);
    compare_text(play, ok, "access_key_id", keys.access_key_id);
    compare_text(play, ok, "secret_access_key", keys.secret_access_key);
    compare_text(play, ok, "session_token", keys.session_token);
    compare_text(play, ok, "account_id", keys.account_id);
    if (json_object_get(ok, "expiry")) {
        snprintf(theirs, sizeof theirs, "%lld",
                 (long long)json_integer_value(json_object_get(ok, "expiry")));
        snprintf(ours, sizeof ours, "%lld", (long long)keys.expires_unix);
        tally_check(play->tally, play->name, "expiry", theirs, ours);
    }
    snprintf(theirs, sizeof theirs, "%zu requests", play->count);
    snprintf(ours, sizeof ours, "%zu requests", play->played);
    tally_check(play->tally, play->name, "traffic", theirs, ours);
}

static void run_case(struct tally *t, const char *folder, const char *name)
{
    struct play play = {
        .name = name, .folder = folder, .root = "/tmp/chain-vectors-XXXXXX", .tally = t};
    unsigned failed = t->failed;
    char command[128];
    size_t i;
    json_t *event;
    if (strcmp(name, "credential_process") == 0) {
        tally_skip(t, name, "its command is a pipe, and no shell is used (facts 4.2)");
        return;
    }
    json_t *test = load(&play, "test-case.json"), *environment = load(&play, "env.json");
    json_t *traffic = load(&play, "http-traffic.json");
    json_array_foreach(json_object_get(traffic, "events"), i, event) take_event(&play, event);
    if (!mkdtemp(play.root))
        exit(1);
    copy_files(&play);
    set_environment(&play, environment);
    fetch(&play);
    compare(&play, json_object_get(test, "result"));
    t->passed += t->failed == failed;
    sigv4_credentials_release(play.creds);
    snprintf(command, sizeof command, "rm -r %s", play.root);
    if (system(command) != 0)
        printf("%s is left\n", play.root);
    json_decref(test);
    json_decref(environment);
    json_decref(traffic);
}

static int is_case(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static struct tally run_folder(const char *folder, const char *skip_all)
{
    struct tally t = {0};
    struct dirent **cases;
    char path[1024], name[128];
    snprintf(name, sizeof name, "credentials/%s", folder);
    int n = scandir(vectors_path(path, sizeof path, name), &cases, is_case, alphasort);
    for (int i = 0; i < n; i++) {
        if (skip_all)
            tally_skip(&t, cases[i]->d_name, skip_all);
        else
            run_case(&t, folder, cases[i]->d_name);
        free(cases[i]);
    }
    free(cases);
    tally_print(&t, name);
    return t;
}

int main(void)
{
    struct tally chain = run_folder("default-credential-provider-chain", NULL);
    struct tally profile = run_folder("profile-provider", NULL);
    run_folder("default-token-provider-chain", "bearer tokens: neither Kinesis nor S3 takes them");
    return chain.failed || profile.failed || !chain.passed || !profile.passed;
}
