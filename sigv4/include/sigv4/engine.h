#ifndef SIGV4_ENGINE_H
#define SIGV4_ENGINE_H
/* The seam between the loop and the network: one HTTP transfer, without AWS and without retries.
 * libcurl stands behind it in programs; tests put a fake behind it and run whole flows in virtual
 * time. Everything here is @thread loop, except wake. */
#include <sigv4/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sigv4_flow {
    SIGV4_GO_ON, /* the bytes were taken */
    SIGV4_PAUSE, /* not taken: offered again after resume */
    SIGV4_STOP   /* end the transfer; its result is CANCELED */
};

struct sigv4_http_options { /* where and how long; borrowed for the life of the transfer */
    size_t size;
    uint32_t connect_timeout_ms; /* all addresses together; 0: 3000 */
    uint32_t stall_timeout_ms;   /* no byte moved for so long: TIMEOUT; 0: 20000 */
    uint32_t timeout_ms;         /* the whole transfer; 0: none */
    const char *ca_bundle;       /* file, or directory; NULL: the system's */
    const char *proxy;           /* NULL: by the environment; "": none, also not by environment */
    uint32_t flags;
};
#define SIGV4_HTTP_NO_VERIFY                                                                       \
    0x1u                  /* accept any certificate: for tests against local services only */
#define SIGV4_HTTP_2 0x2u /* ask for HTTP/2 over TLS, fall back to 1.1 */
#define SIGV4_HTTP_FRESH                                                                           \
    0x4u /* a new lookup of the name, a new connection and TLS session, which end with it */

/* How one transfer ended and what it took. */
struct sigv4_http_result {
    size_t size;
    int status;      /* OK: a complete answer; NETWORK, TLS, TIMEOUT, CANCELED, PROTOCOL, NOMEM */
    int http_status; /* 0: no status line arrived */
    int os_errno;
    bool connected;    /* a connection (and TLS) was there */
    bool request_sent; /* every byte of the request left this process: it may have been acted on */
    bool reused;       /* the connection had carried an earlier transfer */
    bool connect_timed_out; /* no address answered in time */
    char address[64];       /* the peer, "203.0.113.7:443"; "" when there was none */
    char detail[128];       /* one line for humans; no secrets */
    /* Milliseconds since the start; negative: did not get there. */
    double name_ms, connect_ms, tls_ms, first_byte_ms, total_ms;
};

struct sigv4_transfer {
    size_t size;
    /* The request. All borrowed until on_done. Nothing is added to the headers but Content-Length.
     */
    struct sigv4_slice method;
    const char *url;                    /* NUL-terminated; sent as it is: no normalisation */
    const struct sigv4_header *headers; /* host included */
    size_t header_count;
    const struct sigv4_slice *body; /* segments sent one after the other, by reference */
    size_t body_count;
    uint64_t body_length; /* of body, or of what read gives */
    /* Instead of segments: fill at most cap bytes from offset; fewer than cap only at the end. May
     * be asked for the same bytes again. *got 0 before body_length, or a non-zero return, fails the
     * transfer. */
    int (*read)(void *ctx, uint64_t offset, void *buf, size_t cap, size_t *got);
    const struct sigv4_http_options *options;
    /* The answer. header is called for each, names in the case they came in; final header lines of
     * an interim answer (100) are not reported. */
    void (*on_header)(void *ctx, struct sigv4_slice name, struct sigv4_slice value);
    enum sigv4_flow (*on_body)(void *ctx, struct sigv4_slice chunk);
    /* Exactly once, after start returned 0. It must not call users. The transfer is the caller's
     * again. */
    void (*on_done)(void *ctx, const struct sigv4_http_result *result);
    void *ctx;
    int http_status; /* set by the engine before the first on_header */
    void *engine;    /* the engine's own */
};

struct sigv4_engine_ops {
    size_t size;
    /* Begin; callbacks come from poll. Non-zero: nothing happens, no callback. */
    int (*start)(struct sigv4_engine *engine, struct sigv4_transfer *transfer);
    /* End early: on_done with CANCELED comes from the next poll. */
    void (*abort)(struct sigv4_engine *engine, struct sigv4_transfer *transfer);
    void (*resume)(struct sigv4_engine *engine, struct sigv4_transfer *transfer);
    /* Move bytes; wait at most timeout_ms (0: not at all) for something to move or for wake.
     * Returns the number of transfers that ended, or a negative status. */
    int (*poll)(struct sigv4_engine *engine, int timeout_ms);
    void (*wake)(struct sigv4_engine *engine); /* @thread any */
    /* Embedded: tell hooks->watch about descriptors (never about timers), and step when one fired
     * (fd -1: time passed). next_ms: when the engine itself needs to run again, -1: only when a
     * descriptor fires. */
    int (*embed)(struct sigv4_engine *engine, const struct sigv4_loop_hooks *hooks);
    int (*fired)(struct sigv4_engine *engine, int fd, unsigned events);
    int (*next_ms)(struct sigv4_engine *engine);
    void (*free)(struct sigv4_engine *engine);
};
struct sigv4_engine {
    const struct sigv4_engine_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif
