/* s3-sts-xml: the two files of STS, read by the reader that reads AssumeRole's answers. */
#include "credentials/sts_answer.h"
#include "vectors/vectors.h"

static char *read_file(const char *name, size_t *n)
{
    char path[1024];
    FILE *f = fopen(vectors_path(path, sizeof path, name), "r");
    char *text = malloc(65536);
    *n = f && text ? fread(text, 1, 65535, f) : 0;
    if (f)
        fclose(f);
    return text;
}

static void compare(struct tally *t, const char *name, const json_t *expected, const char *member,
                    struct sigv4_slice got)
{
    char text[4096];
    snprintf(text, sizeof text, "%.*s", (int)got.len, got.len ? (const char *)got.ptr : "");
    tally_check(t, name, member, vectors_text(expected, member), text);
}

static void run(struct tally *t, const char *kind)
{
    char name[128];
    size_t n;
    struct sigv4__sts_answer a;
    unsigned failed = t->failed;
    snprintf(name, sizeof name, "s3-sts-xml/%s/sts-get-session-token.json", kind);
    json_t *root = vectors_load(name);
    snprintf(name, sizeof name, "s3-sts-xml/%s/sts-get-session-token.xml", kind);
    char *text = read_file(name, &n);
    int status = sigv4__sts_answer_parse(&a, sigv4_bytes(text, n), NULL);
    tally_check(t, name, "parse", "OK", status ? sigv4_status_name(status) : "OK");
    const json_t *keys = json_object_get(root, "Credentials");
    if (keys) {
        compare(t, name, keys, "AccessKeyId", a.access_key_id);
        compare(t, name, keys, "SecretAccessKey", a.secret_access_key);
        compare(t, name, keys, "SessionToken", a.session_token);
    } else {
        compare(t, name, json_object_get(root, "Error"), "Code", a.code);
        compare(t, name, json_object_get(root, "Error"), "Message", a.message);
    }
    t->passed += t->failed == failed;
    sigv4__sts_answer_free(&a);
    free(text);
    json_decref(root);
}

int main(void)
{
    struct tally t = {0};
    run(&t, "responses");
    run(&t, "errors");
    tally_print(&t, "s3-sts-xml (STS)");
    return t.failed || !t.passed;
}
