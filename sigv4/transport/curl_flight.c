/* From a transfer's request to libcurl's options: method, headers, body, trust, times. */
#include "transport/curl_flight.h"

#include "base/fail.h"
#include "base/text.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    SOCKET_BUFFER = 256 * 1024, /* fewer calls for big bodies; untouched pages cost nothing */
    UPLOAD_BUFFER = 512 * 1024, /* each call may wake the other end: a body in one is cheapest */
    IDLE_SECONDS = 300,         /* load balancers and NAT forget after 350 */
    KEEP_ALIVE_SECONDS = 60,
    PROBE_SECONDS = 15, /* a peer that is gone is noticed after a minute and three of these */
    PROBES = 3
};

/* ---- the request's body ---- */

/* Copies from the segments at f->offset on; libcurl's interface leaves no way around this copy. */
static size_t read_segments(struct sigv4__flight *f, char *out, size_t cap)
{
    uint64_t start = 0;
    size_t got = 0;
    for (size_t i = 0; i < f->transfer->body_count && got < cap; i++) {
        struct sigv4_slice s = f->transfer->body[i];
        uint64_t at = f->offset + got;
        if (at < start + s.len) {
            struct sigv4_slice part = sigv4__from(s, (size_t)(at - start));
            size_t n = part.len < cap - got ? part.len : cap - got;
            memcpy(out + got, part.ptr, n);
            got += n;
        }
        start += s.len;
    }
    return got;
}

static size_t on_read(char *out, size_t size, size_t n, void *ctx)
{
    struct sigv4__flight *f = ctx;
    struct sigv4_transfer *t = f->transfer;
    uint64_t left = t->body_length - f->offset;
    size_t cap = size * n < left ? size * n : (size_t)left, got = 0;
    if (cap == 0)
        return 0;
    if (f->aborted)
        return CURL_READFUNC_ABORT;
    if (!t->read)
        got = read_segments(f, out, cap);
    else if (t->read(t->ctx, f->offset, out, cap, &got) || got == 0 || got > cap)
        f->read_failed = true;
    if (f->read_failed)
        return CURL_READFUNC_ABORT;
    f->offset += got;
    return got;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct sigv4__flight *f = ctx;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > f->transfer->body_length)
        return CURL_SEEKFUNC_FAIL;
    f->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* libcurl is about to send the request. When a connection that was used before ends without an
 * answer, it would send it again on a new one and tell nobody: but what left this machine may have
 * been acted on, and whether it may be repeated is not for libcurl to decide. How much of the body
 * left is not to be learnt here. */
static int on_begin(void *ctx, char *address, char *own_address, int port, int own_port)
{
    struct sigv4__flight *f = ctx;
    long sent = 0;
    (void)address;
    (void)own_address;
    (void)port;
    (void)own_port;
    curl_easy_getinfo(f->easy, CURLINFO_REQUEST_SIZE, &sent);
    f->lost = f->begun && sent > 0;
    f->begun = true;
    return f->lost ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- setting a transfer up ---- */

/* One line "Name: value"; an empty value is written "Name;" or libcurl would drop the header. */
static int add_header(struct sigv4__flight *f, struct sigv4_slice name, struct sigv4_slice value)
{
    char line[8192];
    int n = value.len ? snprintf(line, sizeof line, "%.*s: %.*s", (int)name.len,
                                 (const char *)name.ptr, (int)value.len, (const char *)value.ptr)
                      : snprintf(line, sizeof line, "%.*s;", (int)name.len, (const char *)name.ptr);
    if (n < 0 || (size_t)n >= sizeof line)
        return SIGV4_E_TOO_LARGE;
    struct curl_slist *longer = curl_slist_append(f->headers, line);
    OPENSSL_cleanse(line, (size_t)n);
    if (!longer)
        return SIGV4_E_NOMEM;
    f->headers = longer;
    return SIGV4_OK;
}

void sigv4__flight_free_headers(struct sigv4__flight *f)
{
    /* A session token was in one of them. */
    for (struct curl_slist *at = f->headers; at; at = at->next)
        OPENSSL_cleanse(at->data, strlen(at->data));
    curl_slist_free_all(f->headers);
    f->headers = NULL;
}

static bool has_header(const struct sigv4_transfer *t, const char *name)
{
    for (size_t i = 0; i < t->header_count; i++)
        if (sigv4__equal_nocase(t->headers[i].name, sigv4_str(name)))
            return true;
    return false;
}

static int set_headers(struct sigv4__flight *f)
{
    /* libcurl adds these on its own unless told not to. */
    static const char *const unwanted[] = {"Accept", "Content-Type", "Expect", "User-Agent"};
    const struct sigv4_transfer *t = f->transfer;
    int rc = SIGV4_OK;
    for (size_t i = 0; !rc && i < t->header_count; i++)
        rc = add_header(f, t->headers[i].name, t->headers[i].value);
    for (size_t i = 0; !rc && i < sizeof unwanted / sizeof *unwanted; i++) {
        char line[32];
        snprintf(line, sizeof line, "%s:", unwanted[i]);
        if (has_header(t, unwanted[i]))
            continue;
        struct curl_slist *longer = curl_slist_append(f->headers, line);
        if (longer)
            f->headers = longer;
        else
            rc = SIGV4_E_NOMEM;
    }
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
    return rc;
}

static int set_method(struct sigv4__flight *f)
{
    const struct sigv4_transfer *t = f->transfer;
    char method[16];
    if (t->method.len == 0 || t->method.len >= sizeof method)
        return SIGV4_E_INVALID;
    sigv4__fixed_copy(method, sizeof method, t->method);
    bool post = strcmp(method, "POST") == 0, put = strcmp(method, "PUT") == 0;
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(f->easy, CURLOPT_NOBODY, 1L);
    } else if (post && !t->read && t->body_count <= 1) {
        /* One segment goes by reference. */
        curl_easy_setopt(f->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_length);
        curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, t->body_length ? t->body[0].ptr : "");
        return SIGV4_OK;
    } else if (post || put || t->body_length) {
        curl_easy_setopt(f->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(f->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body_length);
        curl_easy_setopt(f->easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(f->easy, CURLOPT_READDATA, f);
        curl_easy_setopt(f->easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(f->easy, CURLOPT_SEEKDATA, f);
    }
    return curl_easy_setopt(f->easy, CURLOPT_CUSTOMREQUEST, method) ? SIGV4_E_NOMEM : SIGV4_OK;
}

/* In place of the system's certificates, which libcurl may know as a file and as a folder. */
void sigv4__curl_set_bundle(CURL *easy, const char *path)
{
    struct stat what;
    bool folder = stat(path, &what) == 0 && S_ISDIR(what.st_mode);
    curl_easy_setopt(easy, CURLOPT_CAINFO, folder ? NULL : path);
    curl_easy_setopt(easy, CURLOPT_CAPATH, folder ? path : NULL);
}

static void set_trust(CURL *easy, const struct sigv4_http_options *o)
{
    bool verify = !(o->flags & SIGV4_HTTP_NO_VERIFY);
    /* The maximum is the default; that it is said keeps HTTP/2 off idle connections of 1.1. */
    long most = o->flags & SIGV4_HTTP_2 ? (long)CURL_SSLVERSION_MAX_TLSv1_3 : 0L;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2 | most);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
    if (o->ca_bundle && *o->ca_bundle)
        sigv4__curl_set_bundle(easy, o->ca_bundle);
}

static void set_times(CURL *easy, const struct sigv4_http_options *o)
{
    uint32_t connect = o->connect_timeout_ms ? o->connect_timeout_ms : 3000;
    uint32_t stall = o->stall_timeout_ms ? o->stall_timeout_ms : 20000;
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)((stall + 999) / 1000));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
}

/* Those that want HTTP/2 begin by the dozen: as streams of one connection, which the first opens.
 */
static void set_version(CURL *easy, bool h2)
{
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     h2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, h2 ? 1L : 0L);
}

/* A look-up that outlasts its request is left to its thread; libcurl would wait for it, ten seconds
 * where no name server answers. */
static void set_patience(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)easy;
#endif
}

/* How many probes go unanswered before a connection is dead is nine by default, and no option of
 * libcurl's before 8.9. */
static int on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    const int probes = PROBES;
    (void)ctx;
    (void)purpose;
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    return CURL_SOCKOPT_OK;
}

static void set_connection(CURL *easy, const struct sigv4_http_options *o, uint64_t body_length)
{
    set_version(easy, o->flags & SIGV4_HTTP_2);
    set_patience(easy);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEP_ALIVE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)PROBE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SOCKET_BUFFER);
    if (body_length > SOCKET_BUFFER)
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    if (o->flags & SIGV4_HTTP_FRESH) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    if (o->proxy) {
        curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the choice was made already */
    }
}

int sigv4__flight_set_up(struct sigv4__flight *f)
{
    static const struct sigv4_http_options defaults = {.size = sizeof defaults};
    const struct sigv4_transfer *t = f->transfer;
    const struct sigv4_http_options *o = t->options ? t->options : &defaults;
    curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->text);
    curl_easy_setopt(f->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(f->easy, CURLOPT_PREREQFUNCTION, on_begin);
    curl_easy_setopt(f->easy, CURLOPT_PREREQDATA, f);
    set_trust(f->easy, o);
    set_times(f->easy, o);
    if (f->resolve_anew || o->flags & SIGV4_HTTP_FRESH)
        curl_easy_setopt(f->easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    set_connection(f->easy, o, t->body_length);
    if (curl_easy_setopt(f->easy, CURLOPT_URL, t->url))
        return SIGV4_E_NOMEM;
    int rc = set_method(f);
    return rc ? rc : set_headers(f);
}
