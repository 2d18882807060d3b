#ifndef TOOLS_S3CP_WALK_H
#define TOOLS_S3CP_WALK_H
/* The files below a folder, one after the other: only the folders on the way are kept open, no list
 * of names is made. Links are followed; one that leads back into a folder it lies in is refused. */
#include <stdbool.h>
#include <sys/stat.h>

struct walk;
struct walk_file {    /* texts valid until the next call */
    const char *path; /* with the folder that was asked for */
    const char *name; /* below it */
    struct stat info;
    int error; /* errno: this one cannot be read; the walk goes on. EINVAL: no file or folder */
};
int walk_begin(struct walk **out, const char *folder); /* 0 or errno */
bool walk_next(struct walk *w, struct walk_file *out); /* false: that was all */
void walk_free(struct walk *w);                        /* NULL is fine */
#endif
