/* Tokens of transfers that may go on later. */
#include "s3cp_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TOKEN = 256 * 1024 };

static uint64_t hash(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u; /* FNV-1a */
    return (h ^ 0xFF) * 1099511628211u;
}

static uint64_t hash_location(uint64_t h, const struct location *l)
{
    char folder[4096];
    if (l->remote)
        return hash(hash(hash(h, "s3"), l->bucket), l->key);
    if (*l->path != '/' && getcwd(folder, sizeof folder))
        h = hash(h, folder);
    return hash(h, strncmp(l->path, "./", 2) == 0 ? l->path + 2 : l->path);
}

static bool make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool failed = mkdir(path, 0700) && errno != EEXIST;
        *slash = '/';
        if (failed)
            return false;
    }
    return true;
}

char *token_place(const struct location *from, const struct location *to)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    uint64_t h = hash_location(hash_location(14695981039346656037u, from), to);
    char *path;
    if (cache && *cache == '/')
        home = "";
    else if (home && *home == '/')
        cache = "/.cache";
    else
        return NULL;
    if (asprintf(&path, "%s%s/s3cp/%016llx", home, cache, (unsigned long long)h) < 0)
        return NULL;
    if (make_folder(path))
        return path;
    free(path);
    return NULL;
}

char *token_load(const char *place)
{
    FILE *in = fopen(place, "rbe");
    char *text = in ? malloc(MAX_TOKEN + 1) : NULL;
    size_t n = text ? fread(text, 1, MAX_TOKEN, in) : 0;
    if (in)
        fclose(in);
    if (text)
        text[n] = '\0';
    if (n)
        return text;
    free(text);
    return NULL;
}

bool token_store(const char *place, struct sigv4_slice token)
{
    char *beside;
    if (asprintf(&beside, "%s.%ld", place, (long)getpid()) < 0)
        return false;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool well = fd >= 0 && write(fd, token.ptr, token.len) == (ssize_t)token.len;
    if (fd >= 0)
        well &= close(fd) == 0;
    well = well && rename(beside, place) == 0;
    if (!well)
        unlink(beside);
    free(beside);
    return well;
}

void token_drop(const char *place)
{
    unlink(place);
}
