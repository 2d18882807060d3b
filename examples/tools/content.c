/* Bytes from the command line, a file, or standard input. */
#include "content.h"

#include "failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_CONTENT = 10 * 1024 * 1024 };

static int complain(const char *tool, const char *name, int error)
{
    fprintf(stderr, "%s: cannot read %s: %s\n", tool, name, strerror(error));
    return EXIT_SOME_FAILED;
}

static int read_all(struct content *c, const char *tool, const char *name, FILE *in)
{
    struct stat info;
    if (fstat(fileno(in), &info) == 0 && S_ISDIR(info.st_mode))
        return complain(tool, name, EISDIR);
    c->owned = malloc(MAX_CONTENT + 1);
    if (!c->owned)
        return complain(tool, name, ENOMEM);
    c->length = fread(c->owned, 1, MAX_CONTENT + 1, in);
    c->bytes = c->owned;
    if (ferror(in))
        return complain(tool, name, errno ? errno : EIO);
    if (c->length <= MAX_CONTENT)
        return 0;
    fprintf(stderr, "%s: %s has more than the 10 MiB a record can hold\n", tool, name);
    return EXIT_USAGE;
}

int content_read(struct content *c, const char *tool, const char *argument)
{
    *c = (struct content){argument, strlen(argument), NULL};
    if (strcmp(argument, "-") == 0)
        return read_all(c, tool, "standard input", stdin);
    if (strncmp(argument, "file://", 7) != 0)
        return 0;
    FILE *in = fopen(argument + 7, "rb");
    if (!in)
        return complain(tool, argument + 7, errno);
    int code = read_all(c, tool, argument + 7, in);
    fclose(in);
    return code;
}

void content_free(struct content *c)
{
    free(c->owned);
}
