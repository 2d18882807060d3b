/* ecs-tests.json and imds-endpoint-tests.json: where container endpoints and IMDS are asked. */
#include "base/memory.h"
#include "credentials/container.h"
#include "credentials/metadata.h"
#include "vectors/vectors.h"

#include <unistd.h>

enum { MAX_VARIABLES = 16 };

struct variables {
    char *list[MAX_VARIABLES + 1];
    size_t count;
};

static void add_variable(struct variables *v, const char *name, const char *value)
{
    char *text;
    if (asprintf(&text, "%s=%s", name, value) < 0 || v->count == MAX_VARIABLES)
        abort();
    v->list[v->count++] = text;
}

static void add_all(struct variables *v, const json_t *environment)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)environment, key, value)
        add_variable(v, key, json_string_value(value));
}

static void forget(struct variables *v)
{
    while (v->count)
        free(v->list[--v->count]);
    memset(v, 0, sizeof *v);
}

static void compare(struct tally *t, const json_t *test, const char *error, int status,
                    const char *got, const struct sigv4_error *err)
{
    unsigned failed = t->failed;
    if (*error && status)
        printf("error as expected: %s\n  theirs: %s\n  ours:   %s\n", vectors_text(test, "docs"),
               error, err->message);
    else
        tally_check(t, vectors_text(test, "docs"), "url",
                    *error ? error : vectors_text(json_object_get(test, "result"), "Ok"),
                    status ? err->message : got);
    t->passed += t->failed == failed;
}

static void run_container(struct tally *t, const json_t *test)
{
    struct variables v = {{NULL}, 0};
    struct sigv4__arena arena;
    struct sigv4__environment environment = {NULL};
    struct sigv4__buffer url;
    struct sigv4_error err;
    struct sigv4_alloc alloc = sigv4__alloc_or_default(NULL);
    add_all(&v, json_object_get(test, "env"));
    sigv4__arena_init(&arena, &alloc);
    sigv4__buffer_init(&url, NULL, 1024);
    sigv4__environment_copy(&environment, &arena, (const char *const *)v.list, false);
    int status = sigv4__container_url(&environment, &url, &err);
    compare(t, test, vectors_text(json_object_get(test, "result"), "ErrorContains"), status,
            sigv4__buffer_cstr(&url), &err);
    sigv4__buffer_free(&url);
    sigv4__arena_free(&arena);
    forget(&v);
}

static void write_files(const char *folder, const json_t *files)
{
    char path[512];
    const char *name;
    json_t *text;
    json_object_foreach((json_t *)(uintptr_t)files, name, text)
    {
        snprintf(path, sizeof path, "%s/%s", folder, name);
        FILE *f = fopen(path, "w");
        fputs(json_string_value(text), f);
        fclose(f);
    }
}

static void run_imds(struct tally *t, const json_t *test, const char *folder)
{
    struct variables v = {{NULL}, 0};
    struct sigv4__config *config = NULL;
    struct sigv4__metadata_place place;
    struct sigv4_error err;
    char path[600];
    write_files(folder, json_object_get(test, "fs"));
    add_variable(&v, "HOME", "/nonexistent");
    if (*vectors_text(json_object_get(test, "env"), "AWS_CONFIG_FILE")) {
        snprintf(path, sizeof path, "%s/config", folder);
        add_variable(&v, "AWS_CONFIG_FILE", path);
    }
    /* What other SDKs have as options of the client are the variables here. */
    if (*vectors_text(test, "endpoint_override"))
        add_variable(&v, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                     vectors_text(test, "endpoint_override"));
    if (*vectors_text(test, "mode_override"))
        add_variable(&v, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                     vectors_text(test, "mode_override"));
    add_all(&v, json_object_get(test, "env"));
    struct sigv4__config_options o = {.environment = (const char *const *)v.list};
    int status = sigv4__config_load(&config, &o, &err);
    if (!status)
        status = sigv4__metadata_place(config, &place, &err);
    if (!status)
        snprintf(path, sizeof path, "%s/latest/api/token", place.base);
    compare(t, test, vectors_text(json_object_get(test, "result"), "Err"), status, path, &err);
    sigv4__config_free(config);
    forget(&v);
}

int main(void)
{
    struct tally container = {0}, imds = {0};
    char folder[] = "/tmp/imds-vectors-XXXXXX", path[64];
    json_t *root = vectors_load("credentials/ecs-tests.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "tests"), i, test) run_container(&container, test);
    json_decref(root);
    tally_print(&container, "credentials/ecs");
    if (!mkdtemp(folder))
        return 1;
    root = vectors_load("credentials/imds-endpoint-tests.json");
    json_array_foreach(json_object_get(root, "tests"), i, test) run_imds(&imds, test, folder);
    json_decref(root);
    tally_print(&imds, "credentials/imds-endpoint");
    snprintf(path, sizeof path, "%s/config", folder);
    unlink(path);
    rmdir(folder);
    return container.failed || imds.failed || !container.passed || !imds.passed;
}
