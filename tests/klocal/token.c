/* Opaque sealed texts: base64 of a 16-byte seal and the text. */
#include "token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "memory.h"
#include "text.h"

static void seal(const struct klocal *klocal, const char *purpose, const char *text, size_t length,
                 unsigned char out[32])
{
    struct text message = {0};
    text_printf(&message, "%s\n", purpose);
    text_add(&message, text, length);
    HMAC(EVP_sha256(), klocal->secret, sizeof klocal->secret, (unsigned char *)message.data,
         message.length, out, NULL);
    text_free(&message);
}

char *token_seal(const struct klocal *klocal, const char *purpose, const char *text)
{
    unsigned char mac[32];
    struct text sealed = {0}, token = {0};
    seal(klocal, purpose, text, strlen(text), mac);
    text_add(&sealed, mac, 16);
    text_puts(&sealed, text);
    text_put_base64(&token, sealed.data, sealed.length);
    text_free(&sealed);
    return text_take(&token);
}

char *token_open(const struct klocal *klocal, const char *purpose, const char *token)
{
    unsigned char *bytes = NULL, mac[32];
    size_t length = 0;
    char *text = NULL;
    if (base64_decode(token, strlen(token), &bytes, &length) && length >= 16) {
        seal(klocal, purpose, (char *)bytes + 16, length - 16, mac);
        if (CRYPTO_memcmp(mac, bytes, 16) == 0)
            text = memory_copy(bytes + 16, length - 16);
    }
    free(bytes);
    return text;
}
