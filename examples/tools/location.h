#ifndef TOOLS_LOCATION_H
#define TOOLS_LOCATION_H
/* Sources and destinations of copies: s3://bucket/key, a local path, or - for a pipe. */
#include <stdbool.h>

struct location {
    bool remote, pipe;
    char *bucket, *key; /* remote; key "" when none was given */
    char *path;         /* local */
};
/* 0; or -1: no memory; or 1: not an S3 URI although it begins like one. */
int location_parse(struct location *out, const char *text);
void location_free(struct location *l);
/* A destination that is a folder (ends in '/', is one, is a bucket, is "." or "..") gets the
 * source's last name. false: no memory. */
bool location_complete(struct location *to, const struct location *from);
/* As the AWS CLI shows it: "s3://bucket/key", "./file", "-". Free it; NULL: no memory. */
char *location_show(const struct location *l);
/* The last part of a path or key; "" when it ends in '/'. */
const char *location_name(const struct location *l);
#endif
