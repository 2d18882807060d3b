/* s3-cp: one file to S3, or one object from it, with the words and the output of `aws s3 cp`. Shows
 * libs3's put and get: bytes are read from the file when they are sent, and written when they come.
 *
 *     s3-cp ./file1.txt s3://bucket/file1.txt
 *     s3-cp s3://bucket/file1.txt -
 */
#include "failure.h"
#include "location.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <s3/s3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOOL_NAME "s3-cp"

struct settings {
    struct session_settings session;
    const char *content_type;
};

#define HERE(member) offsetof(struct settings, member)
static const struct option_row rows[] = {
    {0, "content-type", "TYPE", OPTION_TEXT, HERE(content_type), "stored with the object", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(rows), 0},
    SESSION_GROUP(struct settings),
};
static const struct option_table table = {
    TOOL_NAME,
    "SOURCE DESTINATION [options]",
    "Copy one file to S3 (s3://bucket/key) or one object from it; - is a pipe.",
    NULL,
    OPTION_ROWS(groups),
    NULL};

struct copy {
    struct session session;
    struct s3_client *s3;
    struct location from, to;
    int fd;
    char *temporary; /* what a download is written to until it is complete */
    int write_errno;
    struct sigv4_error error;
    char host[256];
};

static int complain(const char *what, const char *name, int error)
{
    fprintf(stderr, TOOL_NAME ": %s %s: %s\n", what, name, strerror(error));
    return EXIT_SOME_FAILED;
}

static void on_done(void *ctx, const struct s3_result *result)
{
    struct copy *c = ctx;
    if (!result->error)
        return;
    c->error = *result->error;
    snprintf(c->host, sizeof c->host, "%s", result->response ? result->response->host : "");
}

/* The service's words do not say which object they are about. */
static void name_object(struct copy *c)
{
    const struct location *remote = c->to.remote ? &c->to : &c->from;
    struct sigv4_error plain = c->error;
    snprintf(c->error.message, sizeof c->error.message, "s3://%.60s/%.60s: %.190s", remote->bucket,
             remote->key, plain.message);
}

/* Waits for a call, or takes the error of one that was refused. 0 or the exit code. */
static int finish(struct copy *c, int rc, const struct sigv4_error *refused,
                  struct sigv4_call *call)
{
    if (rc)
        return failure_say(table.tool, refused);
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    if (c->write_errno)
        return complain("cannot write", c->to.pipe ? "standard output" : c->to.path,
                        c->write_errno);
    if (!c->error.status)
        return 0;
    name_object(c);
    return failure_say_request(table.tool, c->session.client, "S3", &c->error, c->host);
}

static void say(const struct copy *c, const char *verb)
{
    char *from = location_show(&c->from), *to = location_show(&c->to);
    if (from && to)
        printf("%s: %s to %s\n", verb, from, to);
    free(from);
    free(to);
}

/* ---- up ---- */

static int read_file(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got)
{
    ssize_t n = pread(((struct copy *)ctx)->fd, buf, cap, (off_t)offset);
    *got = n > 0 ? (size_t)n : 0;
    return n < 0 ? SIGV4_E_IO : SIGV4_OK;
}

/* A pipe is read to its end first: a put must know its length. */
static int spool(struct copy *c)
{
    char block[65536];
    ssize_t n;
    FILE *spooled = tmpfile();
    if (!spooled)
        return complain("cannot make", "a temporary file", errno);
    while ((n = read(STDIN_FILENO, block, sizeof block)) > 0)
        if (fwrite(block, 1, (size_t)n, spooled) != (size_t)n)
            n = -1;
    int failed = n < 0 || fflush(spooled) ? errno : 0;
    c->fd = failed ? -1 : dup(fileno(spooled));
    fclose(spooled);
    return failed ? complain("cannot read", "standard input", failed) : 0;
}

static int open_source(struct copy *c, struct stat *info)
{
    int code = c->from.pipe ? spool(c) : 0;
    if (code)
        return code;
    if (!c->from.pipe)
        c->fd = open(c->from.path, O_RDONLY | O_CLOEXEC);
    if (c->fd < 0 || fstat(c->fd, info))
        return complain("cannot read", c->from.pipe ? "standard input" : c->from.path, errno);
    if (S_ISREG(info->st_mode))
        return 0;
    return complain("cannot read", c->from.path, S_ISDIR(info->st_mode) ? EISDIR : EINVAL);
}

static int upload(struct copy *c, const struct settings *settings)
{
    struct stat info;
    struct sigv4_error err;
    struct sigv4_call *call = NULL;
    struct s3_attributes attributes = {.size = sizeof attributes,
                                       .content_type = settings->content_type};
    int code = open_source(c, &info);
    if (code)
        return code;
    struct s3_put put = {.size = sizeof put,
                         .to = S3_AT(c->to.bucket, c->to.key),
                         .read = read_file,
                         .body_length = (uint64_t)info.st_size,
                         .attributes = &attributes,
                         .on_done = on_done,
                         .ctx = c};
    int rc = s3_put(c->s3, &put, &call, &err);
    code = finish(c, rc, &err, call);
    if (!code)
        say(c, "upload");
    return code;
}

/* ---- down ---- */

static enum sigv4_flow on_chunk(void *ctx, const struct s3_result *so_far, uint64_t offset,
                                struct sigv4_slice chunk)
{
    struct copy *c = ctx;
    const char *at = chunk.ptr;
    (void)so_far;
    (void)offset;
    for (size_t done = 0; done < chunk.len;) {
        ssize_t n = write(c->fd, at + done, chunk.len - done);
        if (n < 0 && errno != EINTR) {
            c->write_errno = errno;
            return SIGV4_STOP;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return SIGV4_GO_ON;
}

/* Beside the file, so that it can be renamed: what was there before stays until all is there. */
static int open_destination(struct copy *c)
{
    mode_t mask = umask(0);
    umask(mask);
    if (c->to.pipe) {
        c->fd = dup(STDOUT_FILENO);
        return 0;
    }
    if (asprintf(&c->temporary, "%s.XXXXXX", c->to.path) < 0) {
        c->temporary = NULL;
        return complain("cannot write", c->to.path, ENOMEM);
    }
    c->fd = mkstemp(c->temporary);
    if (c->fd >= 0 && fchmod(c->fd, 0666 & ~mask) == 0)
        return 0;
    int error = errno;
    if (c->fd < 0) {
        free(c->temporary);
        c->temporary = NULL;
    }
    return complain("cannot write", c->to.path, error);
}

static int keep_file(struct copy *c)
{
    if (!c->temporary)
        return 0;
    if (fsync(c->fd) || rename(c->temporary, c->to.path))
        return complain("cannot write", c->to.path, errno);
    free(c->temporary);
    c->temporary = NULL;
    return 0;
}

static int download(struct copy *c)
{
    struct sigv4_error err;
    struct sigv4_call *call = NULL;
    int code = open_destination(c);
    if (code)
        return code;
    struct s3_get get = {.size = sizeof get,
                         .from = S3_AT(c->from.bucket, c->from.key),
                         .on_chunk = on_chunk,
                         .on_done = on_done,
                         .ctx = c};
    int rc = s3_get(c->s3, &get, &call, &err);
    code = finish(c, rc, &err, call);
    if (!code)
        code = keep_file(c);
    if (!code && !c->to.pipe)
        say(c, "download");
    return code;
}

/* ---- the rest ---- */

static int run(struct copy *c, const struct settings *settings)
{
    struct sigv4_error err;
    int code = session_open(&c->session, table.tool, &settings->session);
    if (code)
        return code;
    if (s3_client_new(&c->s3, c->session.client, NULL, &err))
        code = failure_say(table.tool, &err);
    else
        code = c->to.remote ? upload(c, settings) : download(c);
    s3_client_free(c->s3);
    session_close(&c->session);
    if (c->temporary)
        unlink(c->temporary);
    if (c->fd >= 0)
        close(c->fd);
    free(c->temporary);
    return code;
}

static int parse_both(struct copy *c, char **arguments)
{
    for (int i = 0; i < 2; i++) {
        int rc = location_parse(i ? &c->to : &c->from, arguments[i]);
        if (rc)
            return options_complain(&table, "'%s' cannot be copied%s", arguments[i],
                                    rc > 0 ? ": an object is s3://bucket/key" : "");
    }
    if (c->from.remote == c->to.remote)
        return options_complain(&table, "one side is s3://bucket/key, the other is not");
    if (c->from.remote && !c->from.key[0])
        return options_complain(&table, "'%s' names no object", arguments[0]);
    if (!location_complete(&c->to, &c->from))
        return complain("cannot copy", arguments[0], ENOMEM);
    if (c->to.remote && !c->to.key[0])
        return options_complain(&table, "'%s' names no object", arguments[1]);
    return 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {0};
    struct copy c = {.fd = -1};
    char **arguments;
    int count, code;
    enum options_outcome o = options_parse(&table, argc, argv, &settings, &arguments, &count);
    if (o != OPTIONS_GO_ON)
        return o == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    if (count != 2)
        return options_complain(&table, "a source and a destination are needed");
    code = parse_both(&c, arguments);
    if (!code)
        code = run(&c, &settings);
    location_free(&c.from);
    location_free(&c.to);
    return code;
}
