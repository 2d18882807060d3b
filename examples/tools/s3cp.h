#ifndef TOOLS_S3CP_H
#define TOOLS_S3CP_H
/* s3cp: what was asked for, and one run of it. */
#include "failure.h"
#include "location.h"
#include "s3cp_progress.h"
#include "session.h"
#include "terminal.h"

#include <s3/s3.h>

struct s3cp_settings {
    struct session_settings session;
    struct option_list filters; /* --include and --exclude in their order */
    struct option_list metadata;
    bool recursive, update, resume, if_none_match, dry_run, list, removes, fsync, bucket_key;
    bool no_checksums, path_style, accelerate;
    uint64_t jobs, part_size, expected_size, presign_seconds;
    const char *checksum, *content_type, *content_encoding, *content_disposition;
    const char *content_language, *cache_control, *storage_class, *acl;
    const char *sse, *sse_kms_key_id, *sse_c_key, *command;
    enum s3_checksum checksum_kind;
};
extern const struct option_table s3cp_table;
/* Does a name below a source pass --include and --exclude? The last one that matches counts. */
bool s3cp_chosen(const struct s3cp_settings *s, const char *name);

/* What all modes share. */
struct s3cp {
    const struct s3cp_settings *settings;
    struct session session;
    struct s3_client *s3;
    struct s3_attributes attributes;
    struct s3_encryption encryption;
    struct sigv4_header *metadata;
    unsigned char customer_key[32];
    struct progress progress;
    bool out_is_terminal, err_is_terminal;
    uint64_t succeeded, failed;
    int code;      /* of the failure that says most */
    bool hopeless; /* nothing else will go better */
    int hopeless_code;
    struct sigv4_error to_explain; /* the first that more can be said of; status 0: none */
    char explained_host[256];
};
/* 0, or the exit code after a line on stderr. Then, too, s3cp_close. */
int s3cp_open(struct s3cp *run, const struct s3cp_settings *settings);
void s3cp_close(struct s3cp *run);
/* Prints "s3cp: doing: what went wrong", counts it, and remembers what the exit code will be. */
void s3cp_fail(struct s3cp *run, const char *doing, const struct sigv4_error *err, bool maybe_done,
               const char *host);
/* The exit code, after the diagnosis when nothing could be reached. */
int s3cp_end(struct s3cp *run);

/* The modes. Each returns the exit code. */
int s3cp_copy(struct s3cp *run, struct location *sources, size_t count, struct location *target);
int s3cp_list(struct s3cp *run, const struct location *what); /* what NULL: the buckets */
int s3cp_delete(struct s3cp *run, const struct location *what, size_t count);
int s3cp_presign(struct s3cp *run, const struct location *what);
#endif
