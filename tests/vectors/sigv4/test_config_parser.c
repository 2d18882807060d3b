/* Runs vectors/config-parser: what the shared files mean, where they are, and hostile ones. */
#include "base/buffer.h"
#include "config/file.h"
#include "config/setting.h"
#include "vectors/vectors.h"

#include <dirent.h>

struct reading {
    struct sigv4__arena arena;
    struct sigv4__profiles profiles;
};

static int read_texts(struct reading *r, const json_t *input, struct sigv4_error *err)
{
    static const char *const keys[] = {"configFile", "credentialsFile"};
    memset(r, 0, sizeof *r);
    sigv4__arena_init(&r->arena, NULL);
    r->profiles.arena = &r->arena;
    int status = SIGV4_OK;
    for (int i = 0; i < 2 && !status; i++)
        if (json_object_get(input, keys[i]))
            status = sigv4__profiles_add(&r->profiles, sigv4_str(vectors_text(input, keys[i])),
                                         keys[i], i == 1, err);
    return status;
}

struct expectation {
    struct tally *tally;
    const char *name;
    const json_t *sections[2];
    const struct sigv4__profiles *profiles;
};

/* What was read must be expected... */
static void check_read(void *ctx, enum sigv4__section_kind kind, const char *section,
                       struct sigv4__property *p)
{
    const struct expectation *e = ctx;
    const json_t *expected = json_object_get(e->sections[kind], section);
    if (!expected)
        tally_check(e->tally, e->name, "section", "absent", section);
    else if (p)
        tally_check(e->tally, e->name, p->name, vectors_text(expected, p->name),
                    sigv4__profiles_find(e->profiles, kind, section, p->name, NULL)->value);
}

/* ... and what is expected must have been read. */
static void check_expected(const struct expectation *e, enum sigv4__section_kind kind)
{
    const char *section, *name;
    json_t *properties, *value;
    json_object_foreach((json_t *)e->sections[kind], section, properties)
    {
        if (!sigv4__profiles_has(e->profiles, kind, section))
            tally_check(e->tally, e->name, "section", section, "absent");
        json_object_foreach(properties, name, value)
        {
            const struct sigv4__property *p =
                sigv4__profiles_find(e->profiles, kind, section, name, NULL);
            tally_check(e->tally, e->name, name, json_string_value(value), p ? p->value : "absent");
        }
    }
}

static void run_parser_case(struct tally *t, const json_t *test)
{
    struct reading r;
    struct sigv4_error err;
    const char *name = vectors_text(test, "name");
    const json_t *output = json_object_get(test, "output");
    const json_t *config = json_object_get(output, "config");
    struct expectation e = {
        t,
        name,
        {json_object_get(config, "profiles"), json_object_get(config, "sso_sessions")},
        &r.profiles};
    unsigned failed = t->failed;
    int status = read_texts(&r, json_object_get(test, "input"), &err);
    if (!config) {
        tally_check(t, name, "refused", "INVALID", sigv4_status_name(status));
        if (status)
            printf("refused as it should be: %s\n", err.message);
    } else if (status) {
        tally_check(t, name, "error", "none", err.message);
    } else {
        sigv4__profiles_each(&r.profiles, check_read, &e);
        check_expected(&e, SIGV4__PROFILE);
        check_expected(&e, SIGV4__SSO_SESSION);
    }
    t->passed += t->failed == failed;
    sigv4__arena_free(&r.arena);
}

enum { MAX_ENVIRONMENT = 16 };

static void free_environment(char **list)
{
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
}

static void fill_environment(char **list, const json_t *object)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach((json_t *)object, key, value)
    {
        if (n < MAX_ENVIRONMENT && asprintf(&list[n], "%s=%s", key, json_string_value(value)) > 0)
            n++;
    }
}

static void check_path(struct tally *t, const json_t *test, const struct sigv4__config *c,
                       bool credentials)
{
    struct sigv4__buffer path;
    struct sigv4_error err;
    sigv4__buffer_init(&path, NULL, 4096);
    if (sigv4__config_path(c, sigv4__config_file(c, credentials), &path, &err))
        tally_check(t, vectors_text(test, "name"), "path", "one", err.message);
    else
        tally_check(t, vectors_text(test, "name"), "path",
                    vectors_text(test, credentials ? "credentialsLocation" : "configLocation"),
                    sigv4__buffer_cstr(&path));
    sigv4__buffer_free(&path);
}

static void run_location_case(struct tally *t, const json_t *test)
{
    char *environment[MAX_ENVIRONMENT + 1] = {NULL};
    struct sigv4__config_options o = {.environment = (const char *const *)environment};
    struct sigv4__config *c;
    struct sigv4_error err;
    const char *name = vectors_text(test, "name"), *profile = vectors_text(test, "profile");
    unsigned failed = t->failed;
    if (strcmp(vectors_text(test, "platform"), "linux")) {
        tally_skip(t, name, "not for Linux");
        return;
    }
    fill_environment(environment, json_object_get(test, "environment"));
    int status = sigv4__config_load(&c, &o, &err);
    if (status == SIGV4_OK) {
        check_path(t, test, c, false);
        check_path(t, test, c, true);
        if (*profile)
            tally_check(t, name, "profile", profile, sigv4__config_profile(c));
        sigv4__config_free(c);
    } else if (!strstr(err.message, "'other'")) {
        /* The files of these cases do not exist, so a named profile is rightly unknown. */
        tally_check(t, name, "error", "no profile 'other'", err.message);
    }
    t->passed += t->failed == failed;
    free_environment(environment);
}

static void run_hostile_file(struct tally *t, const char *path, bool credentials)
{
    struct reading r = {0};
    struct sigv4_error err;
    struct sigv4__buffer text;
    sigv4__buffer_init(&text, NULL, SIGV4__INI_MAX_FILE + 1);
    sigv4__arena_init(&r.arena, NULL);
    r.profiles.arena = &r.arena;
    int status = sigv4__file_read(path, path, &text, &err);
    if (!status)
        status =
            sigv4__profiles_add(&r.profiles, sigv4__buffer_view(&text), "file", credentials, &err);
    if (status && status != SIGV4_E_INVALID)
        tally_check(t, path, "error", "INVALID", err.message);
    else
        t->passed++;
    sigv4__arena_free(&r.arena);
    sigv4__buffer_free_secret(&text);
}

static void run_hostile_folder(struct tally *t, const char *folder, bool credentials)
{
    char root[1024], path[2048];
    DIR *dir = opendir(vectors_path(root, sizeof root, folder));
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", root, e->d_name);
        run_hostile_file(t, path, credentials);
    }
    if (dir)
        closedir(dir);
}

int main(void)
{
    struct tally parser = {0}, location = {0}, hostile = {0};
    json_t *tests = vectors_load("config-parser/profile-parser-tests.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(tests, "tests"), i, test) run_parser_case(&parser, test);
    json_decref(tests);
    tests = vectors_load("config-parser/file-location-tests.json");
    json_array_foreach(json_object_get(tests, "tests"), i, test) run_location_case(&location, test);
    json_decref(tests);
    run_hostile_folder(&hostile, "config-parser/fuzz-corpus/parse_config_profile", false);
    run_hostile_folder(&hostile, "config-parser/fuzz-corpus/parse_credentials_profile", true);
    tally_print(&parser, "config-parser/profile-parser-tests");
    tally_print(&location, "config-parser/file-location-tests");
    tally_print(&hostile, "config-parser/fuzz-corpus");
    return parser.failed || location.failed || hostile.failed || !parser.passed || !hostile.passed;
}
