/* Runs the error cases of vectors/protocol-awsjson, -query and -restxml, the errors of s3-sts-xml,
 * and every file of json-parsing as the body of a failure. */
#include "base/text.h"
#include "client/service_error.h"
#include "vectors/vectors.h"

#include <dirent.h>

/* The value of a header, in any case. */
static struct sigv4_slice header_of(const json_t *headers, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)headers, key, value)
    {
        if (sigv4__equal_nocase(sigv4_str(key), sigv4_str(name)))
            return sigv4_str(json_string_value(value));
    }
    return SIGV4_LIT("");
}

/* All of expected must be in the message, which is one line. */
static void check_message(struct tally *t, const char *name, const char *expected,
                          const struct sigv4_error *err)
{
    if (*expected && !strstr(err->message, expected))
        tally_check(t, name, "message", expected, err->message);
    if (strpbrk(err->message, "\r\n"))
        tally_check(t, name, "message", "one line", err->message);
}

static void run_case(struct tally *t, const json_t *test)
{
    const json_t *response = json_object_get(test, "response");
    const json_t *headers = json_object_get(response, "headers");
    const char *name = vectors_text(test, "id");
    unsigned failed = t->failed;
    struct sigv4_error err;
    struct sigv4__error_answer in = {
        .http_status = (int)json_integer_value(json_object_get(response, "status_code")),
        .error_type = header_of(headers, "x-amzn-errortype"),
        .request_id = header_of(headers, "x-amzn-requestid"),
        .body = sigv4_str(vectors_text(response, "body"))};
    sigv4__service_error(&in, &err);
    tally_check(t, name, "code", vectors_text(test, "errorCode"), err.code);
    check_message(t, name, vectors_text(test, "errorMessage"), &err);
    if (strstr((const char *)in.body.ptr, "<RequestId>foo-id<"))
        tally_check(t, name, "request id", "foo-id", err.request_id);
    t->passed += t->failed == failed;
}

static void run_suites(struct tally *total, const char *file)
{
    struct tally t = {0};
    json_t *suites = vectors_load(file), *suite, *test;
    size_t i, j;
    json_array_foreach(suites, i, suite)
    {
        json_array_foreach(json_object_get(suite, "cases"), j, test)
        {
            if (json_object_get(test, "errorCode"))
                run_case(&t, test);
            else
                t.skipped++;
        }
    }
    json_decref(suites);
    printf("skipped: %u cases of %s: not about errors\n", t.skipped, file);
    tally_print(&t, file);
    total->passed += t.passed;
    total->failed += t.failed;
}

static size_t read_file(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(out, 1, cap - 1, f) : 0;
    if (f)
        fclose(f);
    out[n] = '\0';
    return n;
}

static void run_xml(struct tally *total, const char *name)
{
    char file[128], path[1024], body[8192];
    struct tally t = {0};
    struct sigv4_error err;
    snprintf(file, sizeof file, "s3-sts-xml/errors/%s.xml", name);
    struct sigv4__error_answer in = {.http_status = 400};
    in.body =
        sigv4_bytes(body, read_file(vectors_path(path, sizeof path, file), body, sizeof body));
    snprintf(file, sizeof file, "s3-sts-xml/errors/%s.json", name);
    json_t *expected = vectors_load(file);
    const json_t *error = json_object_get(expected, "Error");
    sigv4__service_error(&in, &err);
    tally_check(&t, name, "code", vectors_text(error, "Code"), err.code);
    check_message(&t, name, vectors_text(error, "Message"), &err);
    const char *id = vectors_text(json_object_get(expected, "ResponseMetadata"), "RequestId");
    if (*id)
        tally_check(&t, name, "request id", id, err.request_id);
    t.passed += t.failed == 0;
    json_decref(expected);
    total->passed += t.passed;
    total->failed += t.failed;
}

/* Whatever they hold, the HTTP status decides and the message is clean. */
static void run_json_files(struct tally *total)
{
    static char body[1 << 20];
    char root[1024], path[2048];
    struct tally t = {0};
    DIR *dir = opendir(vectors_path(root, sizeof root, "json-parsing/test_parsing"));
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", root, e->d_name);
        struct sigv4__error_answer in = {.http_status = 400};
        struct sigv4_error err;
        unsigned failed = t.failed;
        in.body = sigv4_bytes(body, read_file(path, body, sizeof body));
        sigv4__service_error(&in, &err);
        tally_check(&t, e->d_name, "status", "INVALID", sigv4_status_name(err.status));
        check_message(&t, e->d_name, "", &err);
        t.passed += t.failed == failed;
    }
    if (dir)
        closedir(dir);
    tally_print(&t, "json-parsing as error bodies");
    total->passed += t.passed;
    total->failed += t.failed;
}

int main(void)
{
    struct tally total = {0};
    run_suites(&total, "protocol-awsjson/output/json.json");
    run_suites(&total, "protocol-query/output/query.json");
    run_suites(&total, "protocol-restxml/output/rest-xml.json");
    run_xml(&total, "s3-create-bucket");
    run_xml(&total, "sts-get-session-token");
    run_json_files(&total);
    tally_print(&total, "service errors");
    return total.failed || total.passed == 0;
}
