#ifndef SIGV4_DIAGNOSE_H
#define SIGV4_DIAGNOSE_H
/* Why does a request not arrive? Looks at the proxy in force, the name, its addresses and their
 * class, the route, TCP, and whether TLS comes about (not whether the certificate is to be
 * trusted), and says what it saw and what to do. Rules: facts section 10. */
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

enum sigv4_cause {
    SIGV4_CAUSE_NONE,      /* a connection is possible */
    SIGV4_CAUSE_NO_NAME,   /* the name does not resolve */
    SIGV4_CAUSE_SINKHOLE,  /* it resolves to an address that leads nowhere */
    SIGV4_CAUSE_NO_ROUTE,  /* the kernel has no route */
    SIGV4_CAUSE_TIMED_OUT, /* packets go out, nothing comes back in the time given */
    SIGV4_CAUSE_REFUSED,   /* the host is there, nothing listens */
    SIGV4_CAUSE_TLS,       /* TCP works, TLS does not */
    SIGV4_CAUSE_PROXY,     /* a proxy is in force and does not answer, or lets nothing through */
    SIGV4_CAUSE_OTHER
};
enum sigv4_address_class {
    SIGV4_ADDRESS_GLOBAL,
    SIGV4_ADDRESS_PRIVATE,
    SIGV4_ADDRESS_LOOPBACK,
    SIGV4_ADDRESS_LINK_LOCAL,
    SIGV4_ADDRESS_UNSPECIFIED
};
#define SIGV4_DIAGNOSIS_ADDRESSES 8
struct sigv4_diagnosis {
    size_t size; /* in: sizeof; the caller's memory */
    enum sigv4_cause cause;
    char host[256];
    uint16_t port;
    char proxy[256]; /* "" when none is in force, else the addresses are the proxy's */
    size_t address_count;
    struct {
        char text[64];
        enum sigv4_address_class kind;
        int os_errno;      /* 0: connected; ETIMEDOUT after the time given */
        double connect_ms; /* time to that outcome */
    } addresses[SIGV4_DIAGNOSIS_ADDRESSES];
    double name_ms;
    char verdict[512]; /* one line: what is wrong, only what was seen */
    char remedy[512];  /* one line: what to do; "" when there is nothing to say */
};
/* @thread any, not a loop's @blocks at most about timeout_ms for each step (the name, connections
 * to all addresses at once, TLS); a resolver that takes longer is left to a thread that ends by
 * itself. url: what could not be reached. service_id ("KINESIS", "S3", "STS") and region choose the
 * words of the remedy; either may be NULL. Errors: INVALID (url), NOMEM. */
SIGV4_API int sigv4_diagnose(const char *url, const char *service_id, const char *region,
                             uint32_t timeout_ms, struct sigv4_diagnosis *out,
                             struct sigv4_error *err) SIGV4_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
