#ifndef VECTOR_FILES_H
#define VECTOR_FILES_H
/* Reading the third-party vectors; a runner without them says so and exits with 77. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline const char *vectors_path(const char *below)
{
    static char path[4096];
    const char *root = getenv("VECTORS_DIR");
    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared/vectors", below);
    return path;
}

/* Exits when the folder is not there. */
static inline void vectors_need(const char *below)
{
    DIR *dir = opendir(vectors_path(below));
    if (!dir) {
        printf("SKIP: no test vectors at %s\n", vectors_path(below));
        exit(77);
    }
    closedir(dir);
}

/* The whole file, to be freed; exits when it cannot be read. */
static inline char *vectors_read(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes = malloc(1 << 22);
    if (!f || !bytes) {
        printf("cannot read %s\n", path);
        exit(1);
    }
    *n = fread(bytes, 1, 1 << 22, f);
    fclose(f);
    return bytes;
}
#endif
