/* Keys out of JSON documents. No error text repeats anything but Code and Message. */
#include "credentials/document.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "credentials/provider.h"
#include "credentials/veil.h"

static int malformed(struct sigv4_error *err, const struct sigv4__document *document,
                     const char *what)
{
    return sigv4__unusable(err, "MalformedDocument", "%s: the document with the keys is %s",
                           document->origin, what);
}

/* IMDS answers HTTP 200 also when there are no keys; Code says so. */
static int check_code(struct sigv4__veil *veil, const struct sigv4__document *document,
                      struct sigv4_error *err)
{
    struct sigv4_slice code, message;
    char word[64], text[200];
    if (sigv4__veil_text(veil, veil->root, "Code", &code) ||
        sigv4__veil_text(veil, veil->root, "Message", &message))
        return malformed(err, document, "damaged: Code or Message is not a text");
    if (!code.len || sigv4__equal_str(code, "Success"))
        return SIGV4_OK;
    sigv4__fixed_copy(word, sizeof word, code);
    sigv4__fixed_copy(text, sizeof text, message);
    return sigv4__unusable(err, word, "%s: %s%s%s", document->origin, word, text[0] ? ": " : "",
                           text);
}

static int check_version(struct sigv4__veil *veil, const struct sigv4__document *document,
                         struct sigv4_error *err)
{
    const json_t *version = json_object_get(veil->root, "Version");
    if (json_is_integer(version) && json_integer_value(version) == 1)
        return SIGV4_OK;
    return malformed(err, document, "of an unknown kind: \"Version\" is not 1");
}

static int read_keys(struct sigv4__veil *veil, const struct sigv4__document *document,
                     struct sigv4_keys *keys, struct sigv4_error *err)
{
    bool process = document->kind == SIGV4__DOCUMENT_PROCESS;
    bool imds = document->kind == SIGV4__DOCUMENT_IMDS;
    struct sigv4_slice expiration;
    int64_t expires_ms;
    if (sigv4__veil_text(veil, veil->root, "AccessKeyId", &keys->access_key_id) ||
        sigv4__veil_text(veil, veil->root, "SecretAccessKey", &keys->secret_access_key) ||
        sigv4__veil_text(veil, veil->root, process ? "SessionToken" : "Token",
                         &keys->session_token) ||
        sigv4__veil_text(veil, veil->root, "AccountId", &keys->account_id) ||
        sigv4__veil_text(veil, veil->root, "Expiration", &expiration))
        return malformed(err, document, "damaged: a member is not a proper text");
    if (!keys->access_key_id.len)
        return malformed(err, document, "incomplete: no AccessKeyId");
    if (!keys->secret_access_key.len)
        return malformed(err, document, "incomplete: no SecretAccessKey");
    if (imds && !keys->session_token.len)
        return malformed(err, document, "incomplete: no Token");
    if (imds && !expiration.len)
        return malformed(err, document, "incomplete: no Expiration");
    if (expiration.len && !sigv4__moment_parse_iso(expiration, &expires_ms))
        return malformed(err, document, "damaged: Expiration is not a time");
    keys->expires_unix = expiration.len ? expires_ms / 1000 : SIGV4_NEVER;
    return SIGV4_OK;
}

int sigv4__document_read(struct sigv4_credentials **out, const struct sigv4__document *document,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    struct sigv4_error detail;
    struct sigv4__veil veil;
    struct sigv4_keys keys = {.size = sizeof keys, .origin = sigv4_str(document->origin)};
    int status = sigv4__veil_open(&veil, document->text, alloc, &detail);
    if (status == SIGV4_E_NOMEM) {
        sigv4__fail(err, status, "%s: %s", document->origin, detail.message);
        goto out;
    }
    if (status) {
        status = malformed(err, document, detail.message);
        goto out;
    }
    if (document->kind == SIGV4__DOCUMENT_IMDS)
        status = check_code(&veil, document, err);
    if (document->kind == SIGV4__DOCUMENT_PROCESS)
        status = check_version(&veil, document, err);
    if (status == SIGV4_OK)
        status = read_keys(&veil, document, &keys, err);
    if (status)
        goto out;
    if (!keys.account_id.len)
        keys.account_id = sigv4_str(document->account_id);
    status = sigv4__keys_accept(out, &keys, document->origin, alloc, err);
out:
    sigv4__veil_close(&veil);
    return status;
}

static void complaint_member(struct sigv4__veil *veil, const char *upper, const char *lower,
                             char *out, size_t cap)
{
    struct sigv4_slice text;
    if (sigv4__veil_text(veil, veil->root, upper, &text) == SIGV4_OK && text.len)
        sigv4__fixed_copy(out, cap, text);
    else if (sigv4__veil_text(veil, veil->root, lower, &text) == SIGV4_OK && text.len)
        sigv4__fixed_copy(out, cap, text);
}

void sigv4__document_complaint(struct sigv4_slice body, const struct sigv4_alloc *alloc,
                               char code[64], char message[200])
{
    struct sigv4__veil veil;
    code[0] = message[0] = '\0';
    if (sigv4__veil_open(&veil, body, alloc, NULL) == SIGV4_OK) {
        complaint_member(&veil, "Code", "code", code, 64);
        complaint_member(&veil, "Message", "message", message, 200);
    }
    sigv4__veil_close(&veil);
}
