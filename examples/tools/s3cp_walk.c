/* Walking through a folder, depth first, in the order the file system has. */
#include "s3cp_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 200, MAX_PATH = 16384 };

struct level {
    DIR *folder;
    size_t path_len; /* of its path, with the '/' behind it */
    dev_t device;
    ino_t inode;
};
struct walk {
    struct level levels[MAX_DEPTH];
    size_t depth, base;
    char path[MAX_PATH];
};

static void leave(struct walk *w)
{
    closedir(w->levels[--w->depth].folder);
}

static bool is_open(const struct walk *w, const struct stat *info)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->levels[i].device == info->st_dev && w->levels[i].inode == info->st_ino)
            return true;
    return false;
}

/* The folder whose path is in w->path; at: its parent and its name there. */
static int enter(struct walk *w, int at, const char *name, const struct stat *info)
{
    size_t n = strlen(w->path);
    if (is_open(w, info))
        return ELOOP;
    if (w->depth == MAX_DEPTH || n + 2 > MAX_PATH)
        return ENAMETOOLONG;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return error;
    }
    if (n && w->path[n - 1] != '/')
        strcpy(w->path + n++, "/");
    w->levels[w->depth++] = (struct level){folder, n, info->st_dev, info->st_ino};
    return 0;
}

int walk_begin(struct walk **out, const char *folder)
{
    struct stat info;
    struct walk *w = calloc(1, sizeof *w);
    int error = !w ? ENOMEM : strlen(folder) + 2 > MAX_PATH ? ENAMETOOLONG : 0;
    if (!error && stat(folder, &info))
        error = errno;
    if (!error) {
        strcpy(w->path, folder);
        error = enter(w, AT_FDCWD, folder, &info);
    }
    if (error) {
        free(w);
        return error;
    }
    w->base = w->levels[0].path_len;
    *out = w;
    return 0;
}

void walk_free(struct walk *w)
{
    if (!w)
        return;
    while (w->depth)
        leave(w);
    free(w);
}

/* Puts the next name behind its folder's path. NULL: the folder is at its end (errno 0), or broke.
 */
static const char *next_name(struct walk *w)
{
    struct level *l = &w->levels[w->depth - 1];
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(l->folder);
        if (!entry)
            return NULL;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        size_t n = strlen(entry->d_name);
        if (l->path_len + n + 1 > MAX_PATH) {
            errno = ENAMETOOLONG;
            return NULL;
        }
        memcpy(w->path + l->path_len, entry->d_name, n + 1);
        return w->path + l->path_len;
    }
}

bool walk_next(struct walk *w, struct walk_file *out)
{
    *out = (struct walk_file){.path = w->path, .name = w->path + w->base};
    while (w->depth) {
        struct level *l = &w->levels[w->depth - 1];
        const char *name = next_name(w);
        if (!name) {
            out->error = errno;
            w->path[l->path_len] = '\0';
            leave(w);
            if (out->error)
                return true;
            continue;
        }
        if (fstatat(dirfd(l->folder), name, &out->info, 0))
            out->error = errno;
        else if (S_ISDIR(out->info.st_mode))
            out->error = enter(w, dirfd(l->folder), name, &out->info);
        else if (!S_ISREG(out->info.st_mode))
            out->error = EINVAL;
        if (out->error || S_ISREG(out->info.st_mode))
            return true;
    }
    return false;
}
