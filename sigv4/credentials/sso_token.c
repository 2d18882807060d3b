/* The cached SSO token. Texts are carried from document to document as they are written, so that
 * nothing needs escaping and the rest of the file stays as it was. */
#include "credentials/sso_token.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "config/file.h"
#include "credentials/provider.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_PATH = 4096, MAX_NUMBER = 100000000 };

/* ---- reading ---- */

static int write_path(struct sigv4__buffer *path, const struct sigv4__config *config,
                      const char *key, struct sigv4_error *err)
{
    unsigned char hash[20];
    char digits[2 * sizeof hash];
    if (!EVP_Digest(key, strlen(key), hash, NULL, EVP_sha1(), NULL))
        return sigv4__fail(err, SIGV4_E_NOMEM, "SSO: no SHA-1");
    sigv4__hex(hash, sizeof hash, digits);
    int status = sigv4__config_path(config, "~/.aws/sso/cache/", path, err);
    if (status)
        return status;
    sigv4__buffer_append(path, digits, sizeof digits);
    sigv4__buffer_str(path, ".json");
    if (!sigv4__buffer_cstr(path))
        return sigv4__fail(err, path->failed, "SSO: %s", sigv4_status_text(path->failed));
    return SIGV4_OK;
}

/* Older tools wrote "2020-06-11T03:56:45UTC". */
static bool read_time(const struct sigv4__veil *veil, const char *name, int64_t *ms)
{
    struct sigv4_slice text;
    char copy[40];
    if (sigv4__veil_raw(veil, veil->root, name, &text) || text.len >= sizeof copy)
        return false;
    sigv4__fixed_copy(copy, sizeof copy, text);
    if (sigv4__ends_with(text, "UTC"))
        strcpy(copy + text.len - 3, "Z");
    return sigv4__moment_parse_iso(sigv4_str(copy), ms);
}

static int read_text(struct sigv4__sso_token *token, const struct sigv4_alloc *alloc,
                     struct sigv4_error *err)
{
    struct sigv4_slice access;
    int status = sigv4__veil_open(&token->veil, sigv4__buffer_view(&token->text), alloc, err);
    if (status)
        return status;
    if (sigv4__veil_raw(&token->veil, token->veil.root, "accessToken", &access) || !access.len ||
        !read_time(&token->veil, "expiresAt", &token->expires_ms))
        return sigv4__fail(err, SIGV4_E_PROTOCOL, "accessToken or expiresAt is missing");
    return SIGV4_OK;
}

int sigv4__sso_token_load(struct sigv4__sso_token *token, const struct sigv4__config *config,
                          const char *key, const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4_error why;
    sigv4__buffer_init(&token->path, alloc, MAX_PATH);
    sigv4__buffer_init(&token->text, alloc, SIGV4__VEIL_MAX_BYTES + 1);
    int status = write_path(&token->path, config, key, &why);
    if (!status)
        status = sigv4__file_read(token->path.ptr, token->path.ptr, &token->text, &why);
    if (!status)
        status = read_text(token, alloc, &why);
    if (status == SIGV4_E_NOMEM)
        return sigv4__fail(err, status, "SSO: %s", why.message);
    if (status == SIGV4_E_NOT_FOUND)
        return sigv4__unusable(err, "SsoLoginRequired", "nobody is logged in");
    if (status)
        return sigv4__unusable(err, "SsoLoginRequired",
                               "the session in ~/.aws/sso/cache cannot be read (%s)", why.message);
    return SIGV4_OK;
}

void sigv4__sso_token_free(struct sigv4__sso_token *token)
{
    sigv4__veil_close(&token->veil);
    sigv4__buffer_free_secret(&token->text);
    sigv4__buffer_free(&token->path);
}

int sigv4__sso_token_text(struct sigv4__sso_token *token, struct sigv4_slice *out)
{
    return sigv4__veil_text(&token->veil, token->veil.root, "accessToken", out);
}

/* ---- renewing ---- */

static struct sigv4_slice raw(const struct sigv4__sso_token *token, const char *name)
{
    struct sigv4_slice text;
    sigv4__veil_raw(&token->veil, token->veil.root, name, &text);
    return text;
}

bool sigv4__sso_token_renewable(const struct sigv4__sso_token *token, int64_t now_ms)
{
    int64_t until_ms;
    return raw(token, "refreshToken").len && raw(token, "clientId").len &&
           raw(token, "clientSecret").len &&
           (!raw(token, "registrationExpiresAt").len ||
            (read_time(&token->veil, "registrationExpiresAt", &until_ms) && now_ms < until_ms));
}

int sigv4__sso_token_question(const struct sigv4__sso_token *token, struct sigv4__buffer *body)
{
    static const char *const names[] = {"clientId", "clientSecret", "refreshToken"};
    sigv4__buffer_reserve(body, token->text.len + 256); /* at once: nothing moves */
    sigv4__buffer_str(body, "{\"grantType\":\"refresh_token\"");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sigv4__buffer_str(body, ",\"");
        sigv4__buffer_str(body, names[i]);
        sigv4__buffer_str(body, "\":\"");
        sigv4__buffer_slice(body, raw(token, names[i]));
        sigv4__buffer_char(body, '"');
    }
    sigv4__buffer_char(body, '}');
    return body->failed;
}

struct change {
    struct sigv4_slice from, to; /* from: a part of the file */
};

static int by_place(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return x->from.ptr < y->from.ptr ? -1 : x->from.ptr > y->from.ptr;
}

/* The file with some of its texts exchanged. */
static int exchange_texts(const struct sigv4__sso_token *token, struct change *changes,
                          size_t count, struct sigv4__buffer *out)
{
    const char *at = token->text.ptr, *end = at + token->text.len;
    size_t size = token->text.len;
    for (size_t i = 0; i < count; i++)
        size += changes[i].to.len;
    sigv4__buffer_reserve(out, size);
    qsort(changes, count, sizeof *changes, by_place);
    for (size_t i = 0; i < count; i++) {
        const char *from = changes[i].from.ptr;
        sigv4__buffer_append(out, at, (size_t)(from - at));
        sigv4__buffer_slice(out, changes[i].to);
        at = from + changes[i].from.len;
    }
    sigv4__buffer_append(out, at, (size_t)(end - at));
    return out->failed;
}

/* Replaces the file in one step, readable by its owner only. */
static bool write_file(const struct sigv4__sso_token *token)
{
    char name[MAX_PATH + 8];
    size_t n = token->path.len, done = 0;
    memcpy(name, token->path.ptr, n);
    memcpy(name + n, ".XXXXXX", 8);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return false;
    while (done < token->text.len) {
        ssize_t wrote = write(fd, token->text.ptr + done, token->text.len - done);
        if (wrote < 0)
            break;
        done += (size_t)wrote;
    }
    bool good = fsync(fd) == 0 && done == token->text.len;
    good = close(fd) == 0 && good && rename(name, token->path.ptr) == 0;
    if (!good)
        unlink(name);
    return good;
}

/* The members of the answer as changes to the file. */
static int read_changes(const struct sigv4__sso_token *token, const struct sigv4__veil *answer,
                        struct change changes[3], size_t *count, char until[25], int64_t now_ms)
{
    const json_t *seconds = json_object_get(answer->root, "expiresIn");
    struct sigv4_slice access, refresh;
    if (sigv4__veil_raw(answer, answer->root, "accessToken", &access) || !access.len ||
        sigv4__veil_raw(answer, answer->root, "refreshToken", &refresh) ||
        !json_is_integer(seconds) || json_integer_value(seconds) <= 0 ||
        json_integer_value(seconds) > MAX_NUMBER)
        return SIGV4_E_PROTOCOL;
    sigv4__moment_iso(now_ms + json_integer_value(seconds) * 1000, until);
    strcpy(until + 19, "Z"); /* to the second, as other tools write it */
    changes[0] = (struct change){raw(token, "accessToken"), access};
    changes[1] = (struct change){raw(token, "expiresAt"), sigv4_str(until)};
    changes[2] = (struct change){raw(token, "refreshToken"), refresh};
    *count = refresh.len ? 3 : 2;
    return SIGV4_OK;
}

int sigv4__sso_token_renew(struct sigv4__sso_token *token, struct sigv4_slice answer,
                           int64_t now_ms, bool *written)
{
    struct sigv4_alloc alloc = token->text.alloc;
    struct sigv4__veil veil;
    struct sigv4__buffer text;
    struct change changes[3];
    size_t count;
    char until[25];
    *written = false;
    sigv4__buffer_init(&text, &alloc, 2 * SIGV4__VEIL_MAX_BYTES);
    int status = sigv4__veil_open(&veil, answer, &alloc, NULL);
    if (!status)
        status = read_changes(token, &veil, changes, &count, until, now_ms);
    if (!status)
        status = exchange_texts(token, changes, count, &text);
    sigv4__veil_close(&veil);
    if (status) {
        sigv4__buffer_free_secret(&text);
        return status;
    }
    sigv4__veil_close(&token->veil);
    sigv4__buffer_free_secret(&token->text);
    token->text = text;
    status = read_text(token, &alloc, NULL);
    if (!status)
        *written = write_file(token);
    return status;
}
