#ifndef TOOLS_CONTENT_H
#define TOOLS_CONTENT_H
/* Bytes named on a command line: text as it is, file://PATH, or - for standard input. */
#include <stdbool.h>
#include <stddef.h>

struct content {
    const char *bytes;
    size_t length;
    char *owned; /* NULL when bytes are the argument itself */
};
/* 0, or the exit code after a line on stderr. At most 10 MiB: no record is larger. */
int content_read(struct content *c, const char *tool, const char *argument);
void content_free(struct content *c);
#endif
