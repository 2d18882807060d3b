/* A request body while it arrives. */
#include "body.h"

#include <stdio.h>
#include <string.h>

static EVP_MD_CTX *digest_new(const EVP_MD *md)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest, md, NULL);
    return digest;
}

void body_begin(struct body *body, const struct body_plan *plan)
{
    memset(body, 0, sizeof *body);
    body->limit = plan->room;
    body->chunked = plan->chunked;
    if (plan->store != NULL)
        body->blob = blob_new(plan->store, plan->in_memory ? 0 : plan->room);
    if (plan->store != NULL && plan->in_memory)
        body->blob->room = plan->room;
    if (plan->sha256)
        body->sha256 = digest_new(EVP_sha256());
    if (plan->md5)
        body->md5 = digest_new(EVP_md5());
    checksum_begin(&body->sum, plan->sum);
}

static void keep(void *cls, const void *bytes, size_t length)
{
    struct body *body = cls;
    body->length += length;
    if (body->length > body->limit) {
        body->too_large = true;
        return;
    }
    if (body->md5 != NULL)
        EVP_DigestUpdate(body->md5, bytes, length);
    checksum_add(&body->sum, bytes, length);
    if (body->blob != NULL && !body->failed)
        body->failed = !blob_append(body->blob, bytes, length);
}

void body_feed(struct body *body, const void *bytes, size_t length)
{
    body->wire_length += length;
    if (body->sha256 != NULL)
        EVP_DigestUpdate(body->sha256, bytes, length);
    if (body->chunked != NULL)
        chunked_feed(body->chunked, bytes, length, keep, body);
    else
        keep(body, bytes, length);
}

void body_end(struct body *body)
{
    if (body->sha256 != NULL) {
        unsigned char digest[32];
        EVP_DigestFinal_ex(body->sha256, digest, NULL);
        for (size_t i = 0; i < sizeof digest; i++)
            snprintf(body->sha256_hex + 2 * i, 3, "%02x", digest[i]);
    }
    if (body->md5 != NULL)
        EVP_DigestFinal_ex(body->md5, body->md5_bytes, NULL);
    if (body->chunked != NULL)
        chunked_end(body->chunked);
    if (body->blob != NULL && body->blob->memory != NULL && body->blob->size > 0)
        body->blob->memory[body->blob->size] = '\0'; /* blob_append leaves room behind */
    if (body->sum.kind != CHECKSUM_NONE)
        checksum_end(&body->sum, body->sum_text);
}

void body_free(struct body *body)
{
    blob_release(body->blob);
    EVP_MD_CTX_free(body->sha256);
    EVP_MD_CTX_free(body->md5);
    checksum_discard(&body->sum);
    chunked_free(body->chunked);
    memset(body, 0, sizeof *body);
}

const char *body_string(const struct body *body)
{
    if (body->blob == NULL || body->blob->memory == NULL || body->blob->size == 0)
        return "";
    return (const char *)body->blob->memory;
}
