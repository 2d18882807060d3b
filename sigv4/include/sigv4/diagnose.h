#ifndef SIGV4_DIAGNOSE_H
#define SIGV4_DIAGNOSE_H
/* Why does a request not arrive, or why is it refused? sigv4_diagnose looks at the way: the proxy
 * in force, the name, its addresses and their class, the kernel's route, TCP, TLS and certificate,
 * the HTTP answer and its clock. sigv4_diagnose_refusal reads what a service answered. Both name a
 * cause, say what was seen, what is only likely, and what to do. Rules: facts, section 10;
 * https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html */
#include <sigv4/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The names are for machines and stay as they are; numbers may be appended. */
#define SIGV4_CAUSE_MAP(X)                                                                         \
    X(NONE, "none")                   /* nothing stands in the way */                              \
    X(NO_NAME, "no-name")             /* the name does not resolve */                              \
    X(SINKHOLE, "sinkhole")           /* it resolves to an address that leads nowhere */           \
    X(NO_ROUTE, "no-route")           /* the kernel has no route */                                \
    X(TIMED_OUT, "timeout")           /* packets go out, nothing comes back in the time given */   \
    X(REFUSED, "refused")             /* the host is there, nothing listens */                     \
    X(TLS, "tls")                     /* TCP works, TLS does not come about */                     \
    X(PROXY, "proxy")                 /* in force, and does not answer or lets nothing through */  \
    X(OTHER, "other")                 /* none of these; the verdict says what was seen */          \
    X(TLS_NAME, "tls-name")           /* the certificate is for other names */                     \
    X(TLS_UNTRUSTED, "tls-untrusted") /* its issuer is not among the trusted */                    \
    X(TLS_EXPIRED, "tls-expired")     /* it is out of date, and this host's clock is not to blame  \
                                       */                                                          \
    X(CLOCK, "clock")                 /* this host's clock is off */                               \
    X(NO_CREDENTIALS, "no-credentials")           /* none found, or a source failed */             \
    X(EXPIRED_CREDENTIALS, "expired-credentials") /* the service says so */                        \
    X(WRONG_CREDENTIALS, "wrong-credentials")     /* unknown key, wrong secret or token */         \
    X(NOT_PERMITTED, "not-permitted")             /* known, and not allowed to do this */          \
    X(ENDPOINT_POLICY, "endpoint-policy")         /* the VPC endpoint's policy denies it */        \
    X(WRONG_REGION, "wrong-region")                                                                \
    X(NO_SUCH, "not-found")   /* no such stream, shard, bucket or key */                           \
    X(NO_REGION, "no-region") /* none is configured */                                             \
    X(THROTTLED, "throttled")                                                                      \
    X(SERVICE, "service") /* a failure inside the service */

enum sigv4_cause {
#define X(name, text) SIGV4_CAUSE_##name,
    SIGV4_CAUSE_MAP(X)
#undef X
};
/* @thread any. Never NULL. */
SIGV4_API const char *sigv4_cause_name(enum sigv4_cause cause);

enum sigv4_address_class {
    SIGV4_ADDRESS_GLOBAL,
    SIGV4_ADDRESS_PRIVATE,
    SIGV4_ADDRESS_LOOPBACK,
    SIGV4_ADDRESS_LINK_LOCAL,
    SIGV4_ADDRESS_UNSPECIFIED,
    SIGV4_ADDRESS_UNIQUE_LOCAL /* fc00::/7, IPv6's private */
};
/* @thread any. "public", "private", "loopback", "link-local", "unspecified", "unique local". */
SIGV4_API const char *sigv4_address_class_name(enum sigv4_address_class kind);

struct sigv4_diagnosed_address {
    char text[64];
    enum sigv4_address_class kind;
    bool in_vpc;       /* within sigv4_diagnosis.vpc */
    int os_errno;      /* 0: connected; ETIMEDOUT after the time given */
    double connect_ms; /* time to that outcome */
    /* The kernel's route; "" when there is none or it was not to be had. */
    char interface[32], gateway[64], source[64];
};
#define SIGV4_DIAGNOSIS_ADDRESSES 8
struct sigv4_diagnosis {
    size_t size; /* in: sizeof; the caller's memory */
    enum sigv4_cause cause;
    bool open; /* requests can be made on this way; cause may be CLOCK all the same */
    char host[256];
    uint16_t port;
    bool tls;
    char proxy[256];        /* "" when none is in force, else the addresses are the proxy's */
    char proxy_origin[192]; /* "HTTPS_PROXY" */
    size_t address_count;
    struct sigv4_diagnosed_address addresses[SIGV4_DIAGNOSIS_ADDRESSES];
    char name_server_says[128]; /* addresses it gives by itself, when they are others than those */
    char vpc[256];              /* this VPC's networks by IMDS: "10.0.0.0/16 ..."; "": not known */
    double name_ms, tls_ms, total_ms;
    /* The certificate as shown, whether or not it is to be trusted; "" and 0: not seen. */
    char tls_version[16];        /* "TLSv1.3" */
    char certificate_names[256]; /* "*.kinesis.us-east-1.amazonaws.com, ..." */
    char certificate_chain[384]; /* "kinesis..., by Amazon RSA 2048 M01, by Amazon Root CA 1" */
    char certificate_fault[96];  /* OpenSSL's words; "": none */
    int64_t certificate_from_unix, certificate_until_unix;
    /* The answer to GET / without a signature; 0: none. */
    int http_status;
    char request_id[64];
    bool clock_known;
    int64_t clock_offset_ms; /* what to add to this host's clock to get the service's */
    char verdict[512];       /* one line: what is wrong; only what was seen */
    char likely[384];        /* one line: what follows from it without having been seen; or "" */
    char remedy[512];        /* one line: what to do; "" when there is nothing to say */
};

struct sigv4_diagnose_options {
    size_t size;
    const char *url; /* what could not be reached */
    const char
        *service_id; /* "KINESIS", "S3", "STS": chooses the words; may be NULL, like region */
    const char *region;
    const char *profile;   /* where ca_bundle may stand; NULL: by the environment */
    const char *ca_bundle; /* NULL: AWS_CA_BUNDLE, the profile, the system's */
    uint32_t timeout_ms;   /* all steps together; 0: 3000 */
    uint32_t flags;
};
#define SIGV4_DIAGNOSE(...)                                                                        \
    (&(struct sigv4_diagnose_options){.size = sizeof(struct sigv4_diagnose_options), __VA_ARGS__})
/* flags */
#define SIGV4_DIAGNOSE_ANY_CERTIFICATE 0x1u /* the client verifies none either */
#define SIGV4_DIAGNOSE_CONNECTION      0x2u /* no HTTP request: stop when TLS has come about */

/* @thread any, not a loop's @blocks at most about timeout_ms and a third of a second; up to two
 * seconds more where a name server or IMDS is slow, or a connection opens and then nothing comes. A
 * resolver that takes longer is left to a thread that ends by itself. Connects to all addresses at
 * once; sends nothing secret. IMDS is asked for the VPC's networks unless it is switched off.
 * Errors: INVALID (url), NOMEM. */
SIGV4_API int sigv4_diagnose(const struct sigv4_diagnose_options *opts, struct sigv4_diagnosis *out,
                             struct sigv4_error *err) SIGV4_MUST_CHECK;

/* What a service's refusal means. */
struct sigv4_refusal {
    size_t size;
    const struct sigv4_error *error; /* of the request */
    struct sigv4_slice body;         /* the whole answer, when at hand: messages are cut */
    const char *service_id, *region, *operation; /* operation: "PutRecord"; each may be NULL */
    const char *resource;                        /* the stream or bucket asked for; may be NULL */
    const char *right_region;                    /* as the service named it; may be NULL */
    bool not_sent;                               /* no attempt was made: a source of keys failed */
};
/* @thread any. No I/O. Sets cause, verdict, likely, remedy of out and leaves the rest as it is: out
 * may be a diagnosis of the way, or zeroed with size set. cause OTHER: nothing more to say than the
 * error's own message. */
SIGV4_API void sigv4_diagnose_refusal(const struct sigv4_refusal *refusal,
                                      struct sigv4_diagnosis *out);

#ifdef __cplusplus
}
#endif
#endif
