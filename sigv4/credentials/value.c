/* A set of keys: one block, counted, wiped when the last holder lets go. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"

#include <openssl/crypto.h>
#include <sigv4/credentials.h>
#include <stdatomic.h>

/* Far above what any service hands out; what is longer is not a key. */
enum { MAX_KEY_ID = 128, MAX_SECRET = 512, MAX_TOKEN = 64 * 1024, MAX_NAME = 1024 };

struct sigv4_credentials {
    atomic_uint holders;
    struct sigv4_alloc alloc;
    size_t block; /* of this struct and the text behind it */
    struct sigv4_keys keys;
    char text[];
};

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7F;
}

static int check_secret(struct sigv4_slice secret, struct sigv4_error *err)
{
    const char *p = secret.ptr;
    if (secret.len == 0)
        return sigv4__fail(err, SIGV4_E_INVALID, "the secret access key is empty");
    if (secret.len > MAX_SECRET)
        return sigv4__fail(err, SIGV4_E_INVALID, "the secret access key is longer than %d bytes",
                           MAX_SECRET);
    for (size_t i = 0; i < secret.len; i++)
        if (is_control(p[i]))
            return sigv4__fail(err, SIGV4_E_INVALID,
                               "the secret access key has control characters (a line end?)");
    return SIGV4_OK;
}

/* These parts are sent in headers: no blanks, no control characters, ASCII only. */
static int check_visible(struct sigv4_slice part, size_t max, const char *name,
                         struct sigv4_error *err)
{
    const char *p = part.ptr;
    if (part.len > max)
        return sigv4__fail(err, SIGV4_E_INVALID, "the %s is longer than %zu bytes", name, max);
    for (size_t i = 0; i < part.len; i++)
        if (p[i] <= ' ' || p[i] > '~')
            return sigv4__fail(err, SIGV4_E_INVALID,
                               "the %s has blanks, control characters or bytes that are not ASCII",
                               name);
    return SIGV4_OK;
}

static int check(const struct sigv4_keys *keys, struct sigv4_error *err)
{
    if (keys->size < sizeof *keys)
        return sigv4__fail(err, SIGV4_E_INVALID, "sigv4_keys.size is not set");
    if (keys->access_key_id.len == 0)
        return sigv4__fail(err, SIGV4_E_INVALID, "the access key id is empty");
    int status = check_visible(keys->access_key_id, MAX_KEY_ID, "access key id", err);
    if (!status)
        status = check_secret(keys->secret_access_key, err);
    if (!status)
        status = check_visible(keys->session_token, MAX_TOKEN, "session token", err);
    if (!status)
        status = check_visible(keys->account_id, MAX_NAME, "account id", err);
    return status;
}

/* Copies part to *at and moves on; the copy ends in NUL for those who print it. */
static struct sigv4_slice copy_part(char **at, struct sigv4_slice part)
{
    char *start = *at;
    if (part.len)
        memcpy(start, part.ptr, part.len);
    start[part.len] = '\0';
    *at = start + part.len + 1;
    return sigv4_bytes(start, part.len);
}

int sigv4_credentials_new(struct sigv4_credentials **out, const struct sigv4_keys *keys,
                          const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(alloc);
    int status = check(keys, err);
    if (status)
        return status;
    struct sigv4_slice origin = sigv4__first(keys->origin, MAX_NAME);
    size_t n = sizeof(struct sigv4_credentials) + keys->access_key_id.len +
               keys->secret_access_key.len + keys->session_token.len + keys->account_id.len +
               origin.len + 5;
    struct sigv4_credentials *creds = sigv4__alloc_zero(&hooks, 1, n);
    if (!creds)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for a set of keys");
    char *at = creds->text;
    atomic_init(&creds->holders, 1);
    creds->alloc = hooks;
    creds->block = n;
    creds->keys.size = sizeof creds->keys;
    creds->keys.access_key_id = copy_part(&at, keys->access_key_id);
    creds->keys.secret_access_key = copy_part(&at, keys->secret_access_key);
    creds->keys.session_token = copy_part(&at, keys->session_token);
    creds->keys.account_id = copy_part(&at, keys->account_id);
    creds->keys.origin = copy_part(&at, origin);
    creds->keys.expires_unix = keys->expires_unix ? keys->expires_unix : SIGV4_NEVER;
    *out = creds;
    return SIGV4_OK;
}

struct sigv4_credentials *sigv4_credentials_hold(struct sigv4_credentials *creds)
{
    atomic_fetch_add_explicit(&creds->holders, 1, memory_order_relaxed);
    return creds;
}

void sigv4_credentials_release(struct sigv4_credentials *creds)
{
    if (!creds || atomic_fetch_sub_explicit(&creds->holders, 1, memory_order_acq_rel) != 1)
        return;
    struct sigv4_alloc alloc = creds->alloc;
    size_t n = creds->block;
    OPENSSL_cleanse(creds, n);
    sigv4__alloc_put(&alloc, creds, n);
}

struct sigv4_keys sigv4_credentials_keys(const struct sigv4_credentials *creds)
{
    return creds->keys;
}
