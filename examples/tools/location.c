/* Where a copy comes from and goes to. */
#include "location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int location_parse(struct location *out, const char *text)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, "s3://", 5) != 0) {
        out->pipe = strcmp(text, "-") == 0;
        out->path = strdup(text);
        return out->path ? 0 : -1;
    }
    const char *bucket = text + 5;
    /* The ARN of an access point has a '/' of its own. */
    const char *point = strncmp(bucket, "arn:", 4) == 0 ? strstr(bucket, ":accesspoint/") : NULL;
    const char *slash = strchr(point ? point + strlen(":accesspoint/") : bucket, '/');
    size_t n = slash ? (size_t)(slash - bucket) : strlen(bucket);
    out->remote = true;
    out->bucket = strndup(bucket, n);
    out->key = strdup(slash ? slash + 1 : "");
    if (!out->bucket || !out->key)
        return -1;
    return n == 0;
}

void location_free(struct location *l)
{
    free(l->bucket);
    free(l->key);
    free(l->path);
    memset(l, 0, sizeof *l);
}

static const char *text_of(const struct location *l)
{
    return l->remote ? l->key : l->path;
}

const char *location_name(const struct location *l)
{
    const char *text = text_of(l), *slash = strrchr(text, '/');
    return slash ? slash + 1 : text;
}

static bool is_folder(const struct location *l)
{
    struct stat info;
    const char *name = location_name(l);
    if (*name == '\0')
        return true;
    return !l->remote && stat(l->path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool location_complete(struct location *to, const struct location *from)
{
    char **text = to->remote ? &to->key : &to->path, *whole;
    const char *name = from->pipe ? "" : location_name(from);
    if (to->pipe || !is_folder(to) || *name == '\0')
        return true;
    bool slash = **text && (*text)[strlen(*text) - 1] != '/';
    if (asprintf(&whole, "%s%s%s", *text, slash ? "/" : "", name) < 0)
        return false;
    free(*text);
    *text = whole;
    return true;
}

char *location_show(const struct location *l)
{
    char *text;
    int n;
    if (l->remote)
        n = asprintf(&text, "s3://%s/%s", l->bucket, l->key);
    else if (l->pipe || *l->path == '/' || strncmp(l->path, "./", 2) == 0 ||
             strncmp(l->path, "../", 3) == 0)
        n = asprintf(&text, "%s", l->path);
    else
        n = asprintf(&text, "./%s", l->path);
    return n < 0 ? NULL : text;
}
