/* Verifying Signature Version 4. */
#include "sigv4_check.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void to_hex(const unsigned char bytes[32], char out[65])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void sigv4_hex_sha256(const void *bytes, size_t length, char out[65])
{
    unsigned char digest[32];
    EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL);
    to_hex(digest, out);
}

static void hmac(const void *key, size_t key_length, const char *string, unsigned char out[32])
{
    HMAC(EVP_sha256(), key, (int)key_length, (const unsigned char *)string, strlen(string), out,
         NULL);
}

void sigv4_sign(const unsigned char key[32], const char *string, char out[65])
{
    unsigned char mac[32];
    hmac(key, 32, string, mac);
    to_hex(mac, out);
}

static void derive_key(const char *secret, const struct authorization *auth, unsigned char out[32])
{
    char first[160];
    int length = snprintf(first, sizeof first, "AWS4%s", secret);
    hmac(first, (size_t)length, auth->date, out);
    hmac(out, 32, auth->region, out);
    hmac(out, 32, auth->service, out);
    hmac(out, 32, auth->terminator, out);
}

static bool listed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = names; *p != '\0';) {
        size_t n = strcspn(p, ";");
        if (n == length && strncasecmp(p, name, n) == 0)
            return true;
        p += n;
        if (*p == ';')
            p++;
    }
    return false;
}

/* Names in lower case and in order, each once. */
static bool well_formed_names(const char *names)
{
    char previous[256] = "";
    for (const char *p = names;;) {
        size_t n = strcspn(p, ";");
        char name[256];
        if (n == 0 || n >= sizeof name)
            return false;
        memcpy(name, p, n);
        name[n] = '\0';
        for (size_t i = 0; i < n; i++)
            if (name[i] >= 'A' && name[i] <= 'Z')
                return false;
        if (strcmp(previous, name) >= 0)
            return false;
        strcpy(previous, name);
        if (p[n] == '\0')
            return true;
        p += n + 1;
    }
}

static enum sigv4_verdict check_form(const struct authorization *auth)
{
    switch (auth->form) {
    case AUTHORIZATION_NONE:
        return SIGV4_ANONYMOUS;
    case AUTHORIZATION_BOTH:
        return SIGV4_TWICE;
    case AUTHORIZATION_OTHER_SCHEME:
        return SIGV4_OTHER_SCHEME;
    case AUTHORIZATION_HEADER:
    case AUTHORIZATION_QUERY:
        break;
    }
    return auth->problem.length > 0 ? SIGV4_INCOMPLETE : SIGV4_GOOD;
}

static enum sigv4_verdict check_scope(const struct authorization *auth,
                                      const struct sigv4_rules *rules)
{
    if (strcmp(auth->terminator, "aws4_request") != 0)
        return SIGV4_SCOPE_TERMINATOR;
    if (strcmp(auth->service, rules->service) != 0)
        return SIGV4_SCOPE_SERVICE;
    if (rules->region != NULL && strcmp(auth->region, rules->region) != 0 &&
        (rules->other_region == NULL || strcmp(auth->region, rules->other_region) != 0))
        return SIGV4_SCOPE_REGION;
    if (strlen(auth->date) != 8 || strncmp(auth->date, auth->timestamp, 8) != 0)
        return SIGV4_SCOPE_DATE;
    return SIGV4_GOOD;
}

static enum sigv4_verdict check_time(const struct authorization *auth, int64_t now, int64_t skew_ms)
{
    if (auth->timestamp_ms > now + skew_ms)
        return SIGV4_TOO_NEW;
    if (auth->form == AUTHORIZATION_QUERY)
        return now > auth->timestamp_ms + auth->expires_s * 1000 ? SIGV4_URL_EXPIRED : SIGV4_GOOD;
    return auth->timestamp_ms < now - skew_ms ? SIGV4_TOO_OLD : SIGV4_GOOD;
}

static enum sigv4_verdict check_signed_headers(const struct sigv4_request *request,
                                               struct sigv4_result *result)
{
    const char *names = request->auth->signed_headers;
    if (!listed(names, "host") && !listed(names, ":authority"))
        return SIGV4_HOST_UNSIGNED;
    for (size_t i = 0; i < request->headers->count; i++) {
        const char *name = request->headers->items[i].name;
        if (strncasecmp(name, "x-amz-", 6) == 0 && !listed(names, name)) {
            text_printf(&result->detail, "%s%s", result->detail.length > 0 ? "," : "", name);
        }
    }
    return result->detail.length > 0 ? SIGV4_HEADER_UNSIGNED : SIGV4_GOOD;
}

static enum sigv4_verdict check_key(const struct authorization *auth,
                                    const struct credential_store *store, int64_t now,
                                    struct sigv4_result *result)
{
    switch (credential_find(store, auth->access_key, auth->token, now, &result->identity)) {
    case CREDENTIAL_OK:
        return SIGV4_GOOD;
    case CREDENTIAL_BAD_TOKEN:
        return SIGV4_BAD_TOKEN;
    case CREDENTIAL_EXPIRED:
        return SIGV4_EXPIRED_TOKEN;
    case CREDENTIAL_NO_TOKEN:
    case CREDENTIAL_UNKNOWN_KEY:
        break;
    }
    return SIGV4_UNKNOWN_KEY;
}

static enum sigv4_verdict check_signature(const struct sigv4_request *request,
                                          const struct sigv4_rules *rules,
                                          struct sigv4_result *result)
{
    const struct authorization *auth = request->auth;
    const struct canonical_input input = {.method = request->method,
                                          .path = request->path,
                                          .query = request->query,
                                          .headers = request->headers,
                                          .signed_headers = auth->signed_headers,
                                          .payload_hash = rules->payload_hash,
                                          .path_rule = rules->path_rule};
    char hash[65], signature[65];
    canonical_request(&result->canonical, &input);
    sigv4_hex_sha256(result->canonical.data, result->canonical.length, hash);
    text_printf(&result->string_to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", auth->timestamp,
                auth->scope, hash);
    derive_key(result->identity.secret, auth, result->key);
    sigv4_sign(result->key, result->string_to_sign.data, signature);
    if (!well_formed_names(auth->signed_headers) || strlen(auth->signature) != 64)
        return SIGV4_MISMATCH;
    return CRYPTO_memcmp(signature, auth->signature, 64) == 0 ? SIGV4_GOOD : SIGV4_MISMATCH;
}

void sigv4_check(const struct sigv4_request *request, const struct sigv4_rules *rules,
                 const struct credential_store *store, const struct clock *clock,
                 struct sigv4_result *result)
{
    const struct authorization *auth = request->auth;
    memset(result, 0, sizeof *result);
    result->now_ms = clock_wall_ms(clock);
    result->verdict = check_form(auth);
    if (result->verdict == SIGV4_GOOD)
        result->verdict = check_key(auth, store, clock_service_ms(clock), result);
    if (result->verdict == SIGV4_GOOD)
        result->verdict = check_scope(auth, rules);
    if (result->verdict == SIGV4_GOOD)
        result->verdict = check_signed_headers(request, result);
    if (result->verdict == SIGV4_GOOD)
        result->verdict = check_time(auth, result->now_ms, rules->skew_ms);
    if (result->verdict == SIGV4_GOOD)
        result->verdict = check_signature(request, rules, result);
}

void sigv4_result_free(struct sigv4_result *result)
{
    text_free(&result->canonical);
    text_free(&result->string_to_sign);
    text_free(&result->detail);
    OPENSSL_cleanse(result->key, sizeof result->key);
    OPENSSL_cleanse(&result->identity, sizeof result->identity);
}
