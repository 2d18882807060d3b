/* From a finished libcurl handle to a transfer's result. */
#include "transport/curl_result.h"

#include "base/fail.h"

#include <stdio.h>

static int status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return SIGV4_OK;
    case CURLE_OUT_OF_MEMORY:
        return SIGV4_E_NOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return SIGV4_E_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return SIGV4_E_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: what a non-HTTP peer's bytes look like */
    case CURLE_BAD_CONTENT_ENCODING:
        return SIGV4_E_PROTOCOL;
    case CURLE_READ_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
        return SIGV4_E_IO;
    case CURLE_WRITE_ERROR:
        return SIGV4_E_CANCELED;
    case CURLE_URL_MALFORMAT:
        return SIGV4_E_INVALID;
    default:
        return SIGV4_E_NETWORK;
    }
}

/* Milliseconds for a phase that was reached, negative for one that was not. */
static double phase_ms(CURL *easy, CURLINFO which)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, which, &us);
    return us > 0 ? (double)us / 1000.0 : -1.0;
}

static void read_phases(CURL *easy, struct sigv4_http_result *out)
{
    out->name_ms = phase_ms(easy, CURLINFO_NAMELOOKUP_TIME_T);
    out->connect_ms = phase_ms(easy, CURLINFO_CONNECT_TIME_T);
    out->tls_ms = phase_ms(easy, CURLINFO_APPCONNECT_TIME_T);
    out->first_byte_ms = phase_ms(easy, CURLINFO_STARTTRANSFER_TIME_T);
    out->total_ms = phase_ms(easy, CURLINFO_TOTAL_TIME_T);
}

static void read_address(CURL *easy, struct sigv4_http_result *out)
{
    char *ip = NULL;
    long port = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
    if (!ip || !*ip)
        return;
    bool v6 = strchr(ip, ':') != NULL;
    snprintf(out->address, sizeof out->address, v6 ? "[%.45s]:%ld" : "%.45s:%ld", ip, port);
}

/* Did the request's own turn come? A CONNECT to a proxy counts as a head for libcurl, and the TLS
 * behind it can still fail: the way was ready only when the transfer was about to begin. */
static bool was_ready(CURL *easy)
{
    curl_off_t us = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &us);
    return us > 0;
}

/* A request counts as sent when its head and all of its body went into the socket. libcurl forgets
 * how much of the body that was when the connection is lost and it looks for another one; a head
 * without any of the body is that, or not to be told from it. */
static bool was_sent(CURL *easy, uint64_t body_length)
{
    long head = 0;
    curl_off_t sent = 0;
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head);
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    return head > 0 && (sent == 0 || (uint64_t)sent >= body_length);
}

void sigv4__curl_result(CURL *easy, CURLcode code, uint64_t body_length, const char *text,
                        struct sigv4_http_result *out)
{
    long http = 0, connects = 0, os_errno = 0, head = 0;
    bool ready = was_ready(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &head);
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    out->status = status_of(code);
    out->http_status = (int)http;
    out->connected = http || (ready && head > 0);
    out->request_sent = http || (ready && was_sent(easy, body_length));
    out->reused = out->connected && connects == 0;
    read_phases(easy, out);
    read_address(easy, out);
    if (code == CURLE_OK)
        return;
    out->os_errno = (int)os_errno;
    if (code == CURLE_OPERATION_TIMEDOUT && !out->connected) {
        out->connect_timed_out = true;
        out->status = SIGV4_E_NETWORK;
    }
    sigv4__fixed_copy(out->detail, sizeof out->detail,
                      sigv4_str(text && *text ? text : curl_easy_strerror(code)));
}

void sigv4__curl_result_lost(struct sigv4_http_result *out)
{
    out->status = SIGV4_E_NETWORK;
    out->http_status = 0;
    out->connected = out->request_sent = out->reused = true;
    sigv4__fixed_copy(out->detail, sizeof out->detail,
                      SIGV4_LIT("the connection was closed before an answer came"));
}
