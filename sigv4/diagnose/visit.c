/* The GET, with an eye on the handshake: OpenSSL is asked to judge the certificate and to go on
 * whatever it finds, so that even a rejected server tells its clock. */
#include "diagnose/visit.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "diagnose/certificate.h"
#include "transport/curl_flight.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct visit {
    const struct sigv4__visit_plan *plan;
    struct sigv4_diagnosis *d;
    struct sigv4__visit *out;
    CURL *easy;
    struct curl_slist *way, *headers;
    bool begun, secured; /* TLS: a first byte of ours, and through */
    char reason[CURL_ERROR_SIZE];
};

/* ---- the certificate ---- */

static bool ours_is_openssl(void)
{
    const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
    return v->ssl_version && strncmp(v->ssl_version, "OpenSSL/3", 9) == 0;
}

/* For each certificate from the root's end to the leaf, and for each fault. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct visit *v = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    int error = X509_STORE_CTX_get_error(store);
    if (!ok) {
        v->out->faults |= sigv4__certificate_fault(error);
        if (!v->d->certificate_fault[0])
            sigv4__fixed_copy(v->d->certificate_fault, sizeof v->d->certificate_fault,
                              sigv4_str(X509_verify_cert_error_string(error)));
        X509_STORE_CTX_set_error(store, X509_V_OK);
    }
    return 1;
}

/* The store's context is gone when the handshake is over; the chain as the peer sent it is not. */
static void read_chain(struct visit *v, SSL *ssl)
{
    X509 *leaf = SSL_get0_peer_certificate(ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    if (!leaf)
        return;
    sigv4__certificate_read(leaf, v->d, &v->out->faults);
    for (int i = 0; i < sk_X509_num(chain) && i < 4; i++)
        sigv4__certificate_add_issuer(sk_X509_value(chain, i), v->d);
    sigv4__fixed_copy(v->d->tls_version, sizeof v->d->tls_version, sigv4_str(SSL_get_version(ssl)));
}

static void on_ssl_info(const SSL *ssl, int where, int ret)
{
    struct visit *v = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    (void)ret;
    if (where & SSL_CB_HANDSHAKE_START)
        v->begun = true;
    if (where & SSL_CB_HANDSHAKE_DONE) {
        v->secured = true;
        read_chain(v, (SSL *)(uintptr_t)ssl);
    }
}

/* With an https proxy this comes for its handshake first; the service's is the last. */
static CURLcode on_ssl_ctx(CURL *easy, void *ssl_ctx, void *ctx)
{
    struct visit *v = ctx;
    (void)easy;
    v->out->faults = 0;
    v->d->certificate_fault[0] = '\0';
    v->begun = v->secured = false;
    SSL_CTX_set_app_data((SSL_CTX *)ssl_ctx, v);
    SSL_CTX_set_verify(ssl_ctx, SSL_VERIFY_PEER, on_verify);
    SSL_CTX_set_info_callback(ssl_ctx, on_ssl_info);
    return CURLE_OK;
}

/* ---- the answer's head ---- */

static void take_status(struct visit *v, struct sigv4_slice line)
{
    uint64_t n;
    size_t space = sigv4__find(line, ' ');
    if (sigv4__parse_uint(sigv4__first(sigv4__from(line, space + 1), 3), 999, &n))
        v->d->http_status = (int)n;
}

static size_t on_head(char *bytes, size_t one, size_t len, void *ctx)
{
    struct visit *v = ctx;
    struct sigv4_slice line = sigv4__trim(sigv4_bytes(bytes, one * len));
    size_t colon = sigv4__find(line, ':');
    struct sigv4_slice name = sigv4__first(line, colon);
    struct sigv4_slice value = sigv4__trim(sigv4__from(line, colon + 1));
    struct timespec now;
    /* A proxy's answer to CONNECT comes here too, before TLS. */
    if (v->plan->tls && ours_is_openssl() && !v->secured)
        return one * len;
    if (sigv4__starts_with(line, "HTTP/")) {
        take_status(v, line);
    } else if (sigv4__equal_nocase(name, SIGV4_LIT("date"))) {
        clock_gettime(CLOCK_REALTIME, &now);
        if (sigv4__moment_parse_http(value, &v->out->their_unix_ms))
            v->out->our_unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    } else if (sigv4__equal_nocase(name, SIGV4_LIT("x-amzn-requestid")) ||
               sigv4__equal_nocase(name, SIGV4_LIT("x-amz-request-id"))) {
        sigv4__fixed_copy(v->d->request_id, sizeof v->d->request_id, value);
    }
    return one * len;
}

/* The head is enough. */
static size_t on_body(char *bytes, size_t one, size_t len, void *ctx)
{
    (void)bytes;
    (void)one;
    (void)len;
    (void)ctx;
    return 0;
}

/* ---- the visit ---- */

static bool set_way(struct visit *v)
{
    char url[320], entry[128];
    const struct sigv4__visit_plan *plan = v->plan;
    const char *host = v->d->host;
    const char *before = strchr(host, ':') ? "[" : "", *after = *before ? "]" : "";
    snprintf(url, sizeof url, "%s://%s%.255s%s:%u/", plan->tls ? "https" : "http", before, host,
             after, (unsigned)v->d->port);
    curl_easy_setopt(v->easy, CURLOPT_PROXY, plan->proxy ? plan->proxy : "");
    curl_easy_setopt(v->easy, CURLOPT_NOPROXY, "");
    if (!plan->proxy) {
        snprintf(entry, sizeof entry, "::%.100s", plan->through);
        v->way = curl_slist_append(NULL, entry);
        curl_easy_setopt(v->easy, CURLOPT_CONNECT_TO, v->way);
    }
    v->headers = curl_slist_append(NULL, "User-Agent: libsigv4 (diagnosis)");
    curl_easy_setopt(v->easy, CURLOPT_HTTPHEADER, v->headers);
    return curl_easy_setopt(v->easy, CURLOPT_URL, url) == CURLE_OK && v->headers &&
           (v->way || plan->proxy);
}

/* Verification is asked for, so that libcurl loads whom to trust; on_verify lets all pass. Without
 * OpenSSL behind libcurl the certificate is only judged by its verdict. */
static void set_trust(struct visit *v)
{
    if (v->plan->ca_bundle && *v->plan->ca_bundle)
        sigv4__curl_set_bundle(v->easy, v->plan->ca_bundle);
    curl_easy_setopt(v->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(v->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(v->easy, CURLOPT_SSL_VERIFYPEER, ours_is_openssl() ? 1L : 0L);
    if (ours_is_openssl()) {
        curl_easy_setopt(v->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
        curl_easy_setopt(v->easy, CURLOPT_SSL_CTX_DATA, v);
    }
}

static void set_rest(struct visit *v)
{
    curl_easy_setopt(v->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(v->easy, CURLOPT_CONNECT_ONLY, v->plan->connection_only ? 1L : 0L);
    curl_easy_setopt(v->easy, CURLOPT_TIMEOUT_MS, (long)v->plan->timeout_ms);
    curl_easy_setopt(v->easy, CURLOPT_ERRORBUFFER, v->reason);
    curl_easy_setopt(v->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(v->easy, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(v->easy, CURLOPT_HEADERDATA, v);
    curl_easy_setopt(v->easy, CURLOPT_WRITEFUNCTION, on_body);
}

static enum sigv4__handshake handshake_of(const struct visit *v, CURLcode code)
{
    bool tls_failed = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CIPHER ||
                      code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    if (code == CURLE_OK || v->secured || v->d->http_status)
        return SIGV4__HANDSHAKE_DONE;
    return v->begun || tls_failed || !v->plan->proxy ? SIGV4__HANDSHAKE_FAILED
                                                     : SIGV4__HANDSHAKE_NO_WAY;
}

static void take_times(struct visit *v)
{
    curl_off_t us = 0;
    curl_easy_getinfo(v->easy, CURLINFO_APPCONNECT_TIME_T, &us);
    v->d->tls_ms = (double)us / 1000;
    if (v->out->our_unix_ms) {
        v->d->clock_known = true;
        v->d->clock_offset_ms = v->out->their_unix_ms - v->out->our_unix_ms;
    }
}

/* "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number": its end says it. */
static struct sigv4_slice short_reason(const char *reason)
{
    const char *last = strstr(reason, "error:") ? strstr(reason, "::") : NULL;
    return sigv4_str(last && last[2] ? last + 2 : reason);
}

void sigv4__visit_make(const struct sigv4__visit_plan *plan, struct sigv4_diagnosis *d,
                       struct sigv4__visit *out)
{
    struct visit v = {.plan = plan, .d = d, .out = out, .easy = curl_easy_init()};
    CURLcode code = CURLE_OUT_OF_MEMORY;
    memset(out, 0, sizeof *out);
    if (v.easy && set_way(&v)) {
        set_trust(&v);
        set_rest(&v);
        code = curl_easy_perform(v.easy);
        take_times(&v);
    }
    out->handshake = handshake_of(&v, code);
    bool ended_by_us = code == CURLE_WRITE_ERROR && d->http_status;
    if (code != CURLE_OK && !ended_by_us)
        sigv4__fixed_copy(out->text, sizeof out->text,
                          short_reason(v.reason[0] ? v.reason : curl_easy_strerror(code)));
    curl_easy_cleanup(v.easy);
    curl_slist_free_all(v.way);
    curl_slist_free_all(v.headers);
}
