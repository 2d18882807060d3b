/* Long-term keys and stateless session credentials. */
#include "credential.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "memory.h"
#include "text.h"

void credential_store_seal(struct credential_store *store, const char *seed, const char *account)
{
    snprintf(store->account, sizeof store->account, "%s", account);
    if (seed == NULL)
        RAND_bytes(store->seed, sizeof store->seed);
    else
        EVP_Digest(seed, strlen(seed), store->seed, NULL, EVP_sha256(), NULL);
}

void credential_store_free(struct credential_store *store)
{
    for (size_t i = 0; i < store->count; i++) {
        free(store->keys[i].access_key);
        free(store->keys[i].secret);
        free(store->keys[i].token);
    }
    free(store->keys);
}

void credential_store_add(struct credential_store *store, const char *access_key,
                          const char *secret, const char *token)
{
    store->keys = memory_grow(store->keys, store->count + 1, sizeof *store->keys);
    store->keys[store->count].access_key = memory_string(access_key);
    store->keys[store->count].secret = memory_string(secret);
    store->keys[store->count++].token = memory_string(token);
}

static void seal(const struct credential_store *store, const char *purpose, const char *text,
                 unsigned char out[32])
{
    struct text message = {0};
    text_printf(&message, "%s\n%s", purpose, text);
    HMAC(EVP_sha256(), store->seed, sizeof store->seed, (unsigned char *)message.data,
         message.length, out, NULL);
    text_free(&message);
}

static void session_secret(const struct credential_store *store, const char *access_key,
                           char out[41])
{
    unsigned char mac[32];
    char encoded[45];
    seal(store, "secret", access_key, mac);
    EVP_EncodeBlock((unsigned char *)encoded, mac, 32);
    memcpy(out, encoded, 40);
    out[40] = '\0';
}

/* The token: base64 of "key id, issued, expires, role, seal". */
static void write_token(const struct credential_store *store, const char *plain, char *out,
                        size_t size)
{
    unsigned char mac[32];
    struct text sealed = {0}, encoded = {0};
    seal(store, "token", plain, mac);
    text_printf(&sealed, "%s ", plain);
    text_put_hex(&sealed, mac, sizeof mac);
    text_put_base64(&encoded, sealed.data, sealed.length);
    snprintf(out, size, "%s", encoded.data);
    text_free(&sealed);
    text_free(&encoded);
}

void credential_issue(const struct credential_store *store, const char *role, int64_t now_ms,
                      int64_t expires_ms, struct credential_session *session)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char random[16];
    char plain[320];
    RAND_bytes(random, sizeof random);
    memcpy(session->access_key, "ASIA", 4);
    for (size_t i = 0; i < sizeof random; i++)
        session->access_key[4 + i] = letters[random[i] & 31];
    session->access_key[20] = '\0';
    session->expires_ms = expires_ms;
    session_secret(store, session->access_key, session->secret);
    snprintf(plain, sizeof plain, "%s %lld %lld %.150s", session->access_key, (long long)now_ms,
             (long long)expires_ms, role);
    write_token(store, plain, session->token, sizeof session->token);
}

static enum credential_result read_token(const struct credential_store *store, const char *plain,
                                         const char *access_key, int64_t now_ms,
                                         struct credential_identity *identity)
{
    char key[21], role[160];
    long long issued = 0, expires = 0;
    if (sscanf(plain, "%20s %lld %lld %159s", key, &issued, &expires, role) != 4)
        return CREDENTIAL_BAD_TOKEN;
    if (strcmp(key, access_key) != 0)
        return CREDENTIAL_BAD_TOKEN;
    snprintf(identity->arn, sizeof identity->arn, "arn:aws:sts::%s:assumed-role/%s", store->account,
             role);
    const char *name = strchr(role, '/');
    snprintf(identity->user_id, sizeof identity->user_id, "AROAKLOCALROLE000000:%.64s",
             name != NULL ? name + 1 : role);
    session_secret(store, access_key, identity->secret);
    if (now_ms >= expires || issued < atomic_load(&store->revoked_before_ms))
        return CREDENTIAL_EXPIRED;
    return CREDENTIAL_OK;
}

static enum credential_result find_session(const struct credential_store *store,
                                           const char *access_key, const char *token,
                                           int64_t now_ms, struct credential_identity *identity)
{
    unsigned char *plain = NULL;
    size_t length = 0;
    enum credential_result result = CREDENTIAL_BAD_TOKEN;
    if (!base64_decode(token, strlen(token), &plain, &length))
        return CREDENTIAL_BAD_TOKEN;
    plain[length] = '\0';
    if (length > 65 && plain[length - 65] == ' ') {
        unsigned char mac[32];
        struct text hex = {0};
        plain[length - 65] = '\0';
        seal(store, "token", (char *)plain, mac);
        text_put_hex(&hex, mac, sizeof mac);
        if (CRYPTO_memcmp(hex.data, plain + length - 64, 64) == 0)
            result = read_token(store, (char *)plain, access_key, now_ms, identity);
        text_free(&hex);
    }
    free(plain);
    return result;
}

enum credential_result credential_find(const struct credential_store *store, const char *access_key,
                                       const char *token, int64_t now_ms,
                                       struct credential_identity *identity)
{
    memset(identity, 0, sizeof *identity);
    for (size_t i = 0; i < store->count; i++) {
        const struct credential_key *key = &store->keys[i];
        if (strcmp(key->access_key, access_key) != 0)
            continue;
        snprintf(identity->secret, sizeof identity->secret, "%s", key->secret);
        snprintf(identity->arn, sizeof identity->arn, "arn:aws:iam::%s:user/klocal",
                 store->account);
        snprintf(identity->user_id, sizeof identity->user_id, "AIDAKLOCALUSER000000");
        if (key->token != NULL && token == NULL)
            return CREDENTIAL_NO_TOKEN;
        if (key->token == NULL)
            return token == NULL ? CREDENTIAL_OK : CREDENTIAL_BAD_TOKEN;
        return strcmp(key->token, token) == 0 ? CREDENTIAL_OK : CREDENTIAL_BAD_TOKEN;
    }
    if (strncmp(access_key, "ASIA", 4) != 0 || strlen(access_key) != 20)
        return CREDENTIAL_UNKNOWN_KEY;
    if (token == NULL)
        return CREDENTIAL_NO_TOKEN;
    return find_session(store, access_key, token, now_ms, identity);
}
