#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H
/* For runners of ../shared/vectors: finding the files, and counting aloud. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The path of a file or folder of the vectors. Ends the program as skipped when they are absent. */
static inline const char *vectors_path(char *out, size_t cap, const char *name)
{
    const char *root = getenv("VECTORS_DIR");
    struct stat st;
    snprintf(out, cap, "%s/%s", root ? root : "../shared/vectors", name);
    if (stat(out, &st) == 0)
        return out;
    printf("SKIP: no vectors at %s\n", out);
    exit(77);
}

static inline json_t *vectors_load(const char *name)
{
    char path[1024];
    json_error_t error;
    json_t *root = json_load_file(vectors_path(path, sizeof path, name), 0, &error);
    if (!root) {
        printf("%s:%d: %s\n", path, error.line, error.text);
        exit(1);
    }
    return root;
}

static inline const char *vectors_text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

struct tally {
    unsigned passed, failed, skipped;
};

static inline void tally_skip(struct tally *t, const char *name, const char *reason)
{
    t->skipped++;
    printf("skipped: %s: %s\n", name, reason);
}

/* Prints and counts one case; both values are shown when they differ. */
static inline void tally_check(struct tally *t, const char *name, const char *what,
                               const char *expected, const char *got)
{
    if (strcmp(expected, got) == 0)
        return;
    t->failed++;
    printf("FAILED: %s: %s\n  expected: %s\n  got:      %s\n", name, what, expected, got);
}

static inline void tally_print(const struct tally *t, const char *suite)
{
    printf("%s: %u passed, %u failed, %u skipped\n", suite, t->passed, t->failed, t->skipped);
}
#endif
