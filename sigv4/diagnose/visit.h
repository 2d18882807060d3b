#ifndef DIAGNOSE_VISIT_H
#define DIAGNOSE_VISIT_H
/* One unsigned GET / on the way found open: TLS, the certificate, the answer's head. */
#include <sigv4/diagnose.h>

enum sigv4__handshake {
    SIGV4__HANDSHAKE_DONE,
    SIGV4__HANDSHAKE_FAILED, /* TLS was begun */
    SIGV4__HANDSHAKE_NO_WAY, /* it did not come to that: a proxy refused */
    SIGV4__HANDSHAKE_NOT_TRIED
};

/* What is wrong with a certificate; several may be true. */
#define SIGV4__CERT_UNTRUSTED     0x1u
#define SIGV4__CERT_NAME          0x2u
#define SIGV4__CERT_EXPIRED       0x4u
#define SIGV4__CERT_NOT_YET_VALID 0x8u
#define SIGV4__CERT_OTHER         0x10u

struct sigv4__visit {
    enum sigv4__handshake handshake;
    unsigned faults;
    char text[128];        /* one line on what failed; "" */
    int64_t our_unix_ms;   /* this host's clock when the answer's head came */
    int64_t their_unix_ms; /* its Date; 0: none */
};
struct sigv4__visit_plan {
    bool tls, connection_only;
    const char *through;   /* "203.0.113.7:443", what TCP reached; NULL with a proxy */
    const char *proxy;     /* as configured, or NULL */
    const char *ca_bundle; /* NULL: the system's */
    uint32_t timeout_ms;
};
/* Reads host and port of d; fills tls_..., certificate_..., http_status, request_id. Accepts every
 * certificate, and says what is wrong with it. */
void sigv4__visit_make(const struct sigv4__visit_plan *plan, struct sigv4_diagnosis *d,
                       struct sigv4__visit *out);
#endif
