/* s3cp: files to S3, objects from it, and copies inside it; lists, deletes, presigns. */
#include "s3cp.h"

#include <errno.h>
#include <fnmatch.h>
#include <malloc.h>
#include <s3/address.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- options ---- */

#define HERE(member) offsetof(struct s3cp_settings, member)
static const struct option_row copy_rows[] = {
    {'r', "recursive", NULL, OPTION_SWITCH, HERE(recursive),
     "sources are folders: everything below them is copied, into the target", 0, 0},
    {0, "exclude", "PATTERN", OPTION_LIST, HERE(filters),
     "with -r: leave out what matches, by its name below the source; * matches / too", 0, 0},
    {0, "include", "PATTERN", OPTION_LIST, HERE(filters),
     "with -r: take what matches after all; the last pattern that matches counts", 0, 0},
    {'u', "update", NULL, OPTION_SWITCH, HERE(update),
     "copy only what the target has not: nothing of that name, of another size, or older by whole "
     "seconds than the source",
     0, 0},
    {'n', "dry-run", NULL, OPTION_SWITCH, HERE(dry_run), "only say what would be done", 0, 0},
    {'j', "jobs", "N", OPTION_NUMBER, HERE(jobs),
     "requests at a time (max_concurrent_requests of the profile, else 8)", 1, 256},
    {0, "part-size", "SIZE", OPTION_SIZE, HERE(part_size),
     "of large files (multipart_chunksize of the profile, else 8 MiB; S3 takes 5 MiB to 5 GiB); "
     "grows where 10,000 parts would not do",
     65536, UINT64_C(5) << 30},
    {0, "resume", NULL, OPTION_SWITCH, HERE(resume),
     "keep the parts of an upload or download that fails, and go on where such a one stopped (not "
     "of pipes)",
     0, 0},
    {0, "if-none-match", NULL, OPTION_SWITCH, HERE(if_none_match),
     "store an object only if there is none of its name", 0, 0},
    {0, "expected-size", "SIZE", OPTION_SIZE, HERE(expected_size),
     "of a pipe: plan for it, and store nothing if another size comes", 1, 0},
    {0, "command", "COMMAND", OPTION_TEXT, HERE(command),
     "run it with sh, and let - be what it prints; when it fails nothing is stored", 0, 0},
    {0, "fsync", NULL, OPTION_SWITCH, HERE(fsync),
     "wait for the disk with every file of many; else once, after the last", 0, 0},
};
static const struct option_row mode_rows[] = {
    {'l', "list", NULL, OPTION_SWITCH, HERE(list),
     "list s3://bucket/prefix (-r: not by folder), or the buckets", 0, 0},
    {0, "delete", NULL, OPTION_SWITCH, HERE(removes),
     "delete objects (-r: everything below s3://bucket/folder)", 0, 0},
    {0, "presign", "SECONDS", OPTION_NUMBER, HERE(presign_seconds),
     "print a URL that gives the object to anyone for so long; --region is the bucket's", 1,
     604800},
};
static const struct option_row object_rows[] = {
    {0, "content-type", "TYPE", OPTION_TEXT, HERE(content_type), "stored with the object", 0, 0},
    {0, "content-encoding", "TEXT", OPTION_TEXT, HERE(content_encoding), "the same", 0, 0},
    {0, "content-disposition", "TEXT", OPTION_TEXT, HERE(content_disposition), "the same", 0, 0},
    {0, "content-language", "TEXT", OPTION_TEXT, HERE(content_language), "the same", 0, 0},
    {0, "cache-control", "TEXT", OPTION_TEXT, HERE(cache_control), "the same", 0, 0},
    {0, "metadata", "NAME=VALUE", OPTION_LIST, HERE(metadata), "the same, of your own (repeatable)",
     0, 0},
    {0, "storage-class", "CLASS", OPTION_TEXT, HERE(storage_class),
     "STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, ...", 0, 0},
    {0, "acl", "ACL", OPTION_TEXT, HERE(acl), "a canned one: bucket-owner-full-control, ...", 0, 0},
    {0, "sse", "HOW", OPTION_TEXT, HERE(sse), "encrypt with AES256, aws:kms or aws:kms:dsse", 0, 0},
    {0, "sse-kms-key-id", "ID", OPTION_TEXT, HERE(sse_kms_key_id), "the key for that", 0, 0},
    {0, "bucket-key", NULL, OPTION_SWITCH, HERE(bucket_key), "ask KMS less often", 0, 0},
    {0, "sse-c-key", "FILE", OPTION_TEXT, HERE(sse_c_key),
     "a key of your own, 32 bytes in a file, for up, down and copy; over TLS only", 0, 0},
    {0, "checksum", "NAME", OPTION_TEXT, HERE(checksum),
     "of uploads: CRC64NVME (usual), CRC32, CRC32C, SHA256 or none", 0, 0},
    {0, "no-checksums", NULL, OPTION_SWITCH, HERE(no_checksums),
     "neither send nor ask for checksums, for services that do not know them", 0, 0},
    {0, "path-style", NULL, OPTION_SWITCH, HERE(path_style),
     "the bucket in the path, not in the host name", 0, 0},
    {0, "accelerate", NULL, OPTION_SWITCH, HERE(accelerate), "use the accelerate endpoint", 0, 0},
};
static const struct option_group groups[] = {
    {"options", OPTION_ROWS(copy_rows), 0},
    {"instead of copying", OPTION_ROWS(mode_rows), 0},
    {"objects", OPTION_ROWS(object_rows), 0},
    SESSION_GROUP(struct s3cp_settings),
};
const struct option_table s3cp_table = {
    "s3cp",
    "[options] SOURCE... TARGET",
    "Copy files to S3 (s3://bucket/key), from it, or inside it; - is a pipe.",
    "A target that ends in / is a folder, and so is a bucket. With several sources and -r each "
    "folder becomes one below the target.\n"
    "\n"
    "A file is written under another name beside its own and gets that name when it is complete "
    "and verified; one file waits for the disk before that, many once after the last. An object "
    "appears when it is complete. A failed or interrupted copy leaves neither, nor parts, unless "
    "--resume was given: then the same command goes on with them. What it needs for that is in "
    "$XDG_CACHE_HOME/s3cp or ~/.cache/s3cp.\n"
    "\n"
    "Keys that would lead out of the target folder are refused. Of the profile's s3 settings "
    "addressing_style, max_concurrent_requests, multipart_chunksize, use_accelerate_endpoint and "
    "use_dualstack_endpoint are followed.",
    OPTION_ROWS(groups),
    NULL};

bool s3cp_chosen(const struct s3cp_settings *s, const char *name)
{
    for (size_t i = s->filters.count; i-- > 0;)
        if (fnmatch(s->filters.items[i], name, 0) == 0)
            return strcmp(s->filters.rows[i]->name, "include") == 0;
    return true;
}

/* ---- failures ---- */

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

/* Would every other file fail the same way? */
static bool is_hopeless(const struct s3cp *run, const struct sigv4_error *err)
{
    static const char *const codes[] = {"NoSuchBucket", "InvalidAccessKeyId",
                                        "SignatureDoesNotMatch", "InvalidToken", NULL};
    bool silent = err->http_status == 0 && failure_code(err->status) == EXIT_UNREACHABLE;
    bool nowhere = err->status == SIGV4_E_INVALID && strncmp(err->message, "no region", 9) == 0;
    return err->status == SIGV4_E_NO_CREDENTIALS || nowhere || is_one_of(err->code, codes) ||
           (silent && run->succeeded == 0);
}

/* What a service calls invalid need not be the user's mistake. */
static int code_of(const struct sigv4_error *err)
{
    int code = failure_code(err->status);
    return code == EXIT_USAGE && err->http_status ? EXIT_SOME_FAILED : code;
}

void s3cp_fail(struct s3cp *run, const char *doing, const struct sigv4_error *err, bool maybe_done,
               const char *host)
{
    const char *text = err->message[0] ? err->message : sigv4_status_text(err->status);
    int code = code_of(err);
    progress_hide(&run->progress);
    fputs("s3cp: ", stderr);
    terminal_put(stderr, sigv4_str(doing), run->err_is_terminal);
    fputs(": ", stderr);
    terminal_put(stderr, sigv4_str(text), run->err_is_terminal);
    if (err->request_id[0] && !strstr(text, err->request_id))
        fprintf(stderr, " (request id %s)", err->request_id);
    fprintf(stderr, "%s\n", maybe_done ? "; it may have been done all the same" : "");
    run->code = run->failed == 0 || run->code == code ? code : EXIT_SOME_FAILED;
    run->failed++;
    if (!run->hopeless && is_hopeless(run, err)) {
        run->hopeless = true;
        run->hopeless_code = code;
    }
    if (run->to_explain.status == SIGV4_OK && (code == EXIT_UNREACHABLE || code == EXIT_DENIED)) {
        run->to_explain = *err;
        snprintf(run->explained_host, sizeof run->explained_host, "%s", host ? host : "");
    }
}

int s3cp_end(struct s3cp *run)
{
    progress_hide(&run->progress);
    if (failure_flush("s3cp", 0))
        return EXIT_SOME_FAILED;
    if (run->failed == 0)
        return 0;
    if (run->succeeded)
        return EXIT_SOME_FAILED;
    if (run->to_explain.status)
        failure_explain("s3cp", run->session.client, "S3", &run->to_explain, run->explained_host);
    return run->hopeless ? run->hopeless_code : run->code;
}

/* ---- a run ---- */

static int read_customer_key(struct s3cp *run, const char *path)
{
    FILE *in = fopen(path, "rbe");
    size_t n = in ? fread(run->customer_key, 1, sizeof run->customer_key, in) : 0;
    bool exact = in && n == sizeof run->customer_key && fgetc(in) == EOF && !ferror(in);
    if (in)
        fclose(in);
    if (!in)
        return options_complain(&s3cp_table, "cannot read %s: %s", path, strerror(errno));
    if (!exact)
        return options_complain(&s3cp_table, "%s has not the 32 bytes of a key", path);
    run->encryption.customer_key = sigv4_bytes(run->customer_key, sizeof run->customer_key);
    return 0;
}

static int read_metadata(struct s3cp *run)
{
    const struct option_list *list = &run->settings->metadata;
    run->metadata = calloc(list->count + 1, sizeof *run->metadata);
    for (size_t i = 0; run->metadata && i < list->count; i++) {
        const char *text = list->items[i], *equals = strchr(text, '=');
        if (!equals || equals == text)
            return options_complain(&s3cp_table, "--metadata takes NAME=VALUE, not '%s'", text);
        run->metadata[i] = (struct sigv4_header){sigv4_bytes(text, (size_t)(equals - text)),
                                                 sigv4_str(equals + 1)};
    }
    run->attributes.metadata = run->metadata;
    run->attributes.metadata_count = run->metadata ? list->count : 0;
    return run->metadata ? 0 : EXIT_SOME_FAILED;
}

static int describe(struct s3cp *run)
{
    const struct s3cp_settings *s = run->settings;
    run->encryption = (struct s3_encryption){.size = sizeof run->encryption,
                                             .algorithm = s->sse,
                                             .kms_key_id = s->sse_kms_key_id,
                                             .bucket_key = s->bucket_key};
    run->attributes = (struct s3_attributes){.size = sizeof run->attributes,
                                             .content_type = s->content_type,
                                             .content_encoding = s->content_encoding,
                                             .content_disposition = s->content_disposition,
                                             .content_language = s->content_language,
                                             .cache_control = s->cache_control,
                                             .storage_class = s->storage_class,
                                             .acl = s->acl,
                                             .encryption = &run->encryption};
    int code = s->sse_c_key ? read_customer_key(run, s->sse_c_key) : 0;
    return code ? code : read_metadata(run);
}

int s3cp_open(struct s3cp *run, const struct s3cp_settings *settings)
{
    struct sigv4_error err;
    struct s3_client_options o = S3_CLIENT_OPTIONS;
    *run = (struct s3cp){.settings = settings};
    run->out_is_terminal = isatty(STDOUT_FILENO);
    run->err_is_terminal = isatty(STDERR_FILENO);
    int code = describe(run);
    if (!code)
        code = session_open(&run->session, "s3cp", &settings->session);
    if (code)
        return code;
    o.flags = (settings->path_style ? S3_PATH_STYLE : 0) |
              (settings->accelerate ? S3_ACCELERATE : 0) |
              (settings->no_checksums ? S3_NO_CHECKSUMS : 0);
    o.max_requests = (uint32_t)settings->jobs;
    o.request_timeout_ms = (uint32_t)settings->session.timeout_ms;
    if (s3_client_new(&run->s3, run->session.client, &o, &err))
        return failure_say("s3cp", &err);
    progress_begin(&run->progress, settings->session.quiet || settings->session.verbose > 1);
    return 0;
}

void s3cp_close(struct s3cp *run)
{
    s3_client_free(run->s3);
    session_close(&run->session);
    free(run->metadata);
    explicit_bzero(run->customer_key, sizeof run->customer_key);
}

/* ---- the command line ---- */

static int check_options(struct s3cp_settings *s)
{
    s->session.connections = s->jobs > 12 ? (uint32_t)s->jobs + 4 : 0;
    if (s->list + s->removes + (s->presign_seconds > 0) > 1)
        return options_complain(&s3cp_table, "choose one of --list, --delete and --presign");
    if (s->filters.count && !s->recursive)
        return options_complain(&s3cp_table, "--include and --exclude go with --recursive");
    if (!s->checksum)
        return 0;
    if (strcmp(s->checksum, "none") == 0)
        s->checksum_kind = S3_CHECKSUM_NONE;
    else if (!s3_checksum_parse(sigv4_str(s->checksum), &s->checksum_kind))
        return options_complain(&s3cp_table, "there is no checksum '%s'", s->checksum);
    return 0;
}

static int parse_locations(struct location *l, char **arguments, size_t count)
{
    struct sigv4_error err;
    for (size_t i = 0; i < count; i++) {
        int rc = location_parse(&l[i], arguments[i]);
        if (rc > 0)
            return options_complain(&s3cp_table, "'%s' names no bucket", arguments[i]);
        if (rc < 0)
            return failure_no_memory("s3cp");
        if (!l[i].remote && !*l[i].path)
            return options_complain(&s3cp_table, "'' names no file");
        if (l[i].remote && s3_bucket_name_check(sigv4_str(l[i].bucket), false, &err))
            return options_complain(&s3cp_table, "%s", err.message);
    }
    return 0;
}

static bool ends_as_folder(const struct location *l)
{
    const char *text = l->remote ? l->key : l->path;
    return !*text || text[strlen(text) - 1] == '/' || strcmp(text, ".") == 0 ||
           strcmp(text, "..") == 0;
}

/* The name a source gets in the target's folder: its last, without slashes behind it. */
static struct sigv4_slice name_in_folder(const struct location *l)
{
    const char *text = l->remote ? l->key : l->path;
    size_t n = strlen(text), at;
    while (n > 0 && text[n - 1] == '/')
        n--;
    for (at = n; at > 0 && text[at - 1] != '/';)
        at--;
    struct sigv4_slice name = sigv4_bytes(text + at, n - at);
    bool here = name.len <= 2 && memcmp("..", name.ptr, name.len) == 0;
    return here ? sigv4_bytes("", 0) : name;
}

/* One would replace the other, and nobody could say which. */
static int check_names(const struct location *sources, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            struct sigv4_slice a = name_in_folder(&sources[i]), b = name_in_folder(&sources[k]);
            if (a.len && a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0)
                return options_complain(&s3cp_table, "two sources would both become '%.*s'",
                                        (int)a.len, (const char *)a.ptr);
        }
    return 0;
}

static int check_copy(const struct s3cp_settings *s, const struct location *sources, size_t count,
                      struct location *target)
{
    for (size_t i = 0; i < count; i++) {
        const struct location *from = &sources[i];
        if (!from->remote && !target->remote)
            return options_complain(&s3cp_table, "one side of a copy is s3://bucket/key");
        if (from->remote && !s->recursive && !*location_name(from))
            return options_complain(&s3cp_table,
                                    "'s3://%s/%s' names no object; with -r it is a folder",
                                    from->bucket, from->key);
        if (from->pipe && (count > 1 || s->recursive || ends_as_folder(target)))
            return options_complain(&s3cp_table, "standard input has no name: say which key");
    }
    if (s->command && !(count == 1 && sources[0].pipe))
        return options_complain(&s3cp_table, "--command is for the source -");
    if (s->recursive && target->pipe)
        return options_complain(&s3cp_table, "folders cannot be written to a pipe");
    if (s->if_none_match && !target->remote)
        return options_complain(&s3cp_table, "--if-none-match is for objects");
    if (count > 1 && target->remote && !ends_as_folder(target))
        return options_complain(&s3cp_table, "the target of several sources ends in /");
    return target->pipe ? 0 : check_names(sources, count);
}

/* A folder is one even if it does not exist yet. */
static int mark_folder(struct location *target, size_t count, bool recursive)
{
    char **text = target->remote ? &target->key : &target->path, *longer;
    if (target->pipe || (!recursive && (count == 1 || target->remote)) || !**text ||
        ends_as_folder(target))
        return 0;
    if (asprintf(&longer, "%s/", *text) < 0)
        return EXIT_SOME_FAILED;
    free(*text);
    *text = longer;
    return 0;
}

static int run_mode(struct s3cp *run, struct location *l, size_t count)
{
    const struct s3cp_settings *s = run->settings;
    if (s->list)
        return s3cp_list(run, count ? l : NULL);
    if (s->removes)
        return s3cp_delete(run, l, count);
    if (s->presign_seconds)
        return s3cp_presign(run, l);
    return s3cp_copy(run, l, count - 1, &l[count - 1]);
}

static int check_mode(const struct s3cp_settings *s, struct location *l, size_t count)
{
    bool copies = !s->list && !s->removes && !s->presign_seconds;
    if (copies && count < 2)
        return options_complain(&s3cp_table, "a source and a target are needed");
    if (copies) {
        int code = check_copy(s, l, count - 1, &l[count - 1]);
        return code ? code : mark_folder(&l[count - 1], count - 1, s->recursive);
    }
    for (size_t i = 0; i < count; i++)
        if (!l[i].remote)
            return options_complain(&s3cp_table, "'%s' is not in S3", l[i].path);
        else if (!s->list && !s->recursive && !*l[i].key)
            return options_complain(&s3cp_table, "'s3://%s' names no object", l[i].bucket);
    if (s->removes && !count)
        return options_complain(&s3cp_table, "what is to be deleted?");
    if (!s->removes && count != 1 && !(s->list && count == 0))
        return options_complain(&s3cp_table, "one s3://bucket/key is needed");
    return 0;
}

int main(int argc, char **argv)
{
    /* Parts go back to the system when they are freed, whatever their size has been. */
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    struct s3cp_settings s = {0};
    struct s3cp run = {0};
    char **arguments;
    int count, code;
    enum options_outcome outcome = options_parse(&s3cp_table, argc, argv, &s, &arguments, &count);
    struct location *l = calloc((size_t)count + 1, sizeof *l);
    if (outcome != OPTIONS_GO_ON)
        code = outcome == OPTIONS_SHOWN ? 0 : EXIT_USAGE;
    else if (!l)
        code = failure_say("s3cp", &(struct sigv4_error){.status = SIGV4_E_NOMEM});
    else if (!(code = check_options(&s)) &&
             !(code = parse_locations(l, arguments, (size_t)count)) &&
             !(code = check_mode(&s, l, (size_t)count)) && !(code = s3cp_open(&run, &s)))
        code = run_mode(&run, l, (size_t)count);
    s3cp_close(&run);
    for (int i = 0; l && i < count; i++)
        location_free(&l[i]);
    free(l);
    options_free(&s3cp_table, &s);
    return code;
}
