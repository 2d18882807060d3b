#ifndef TOOLS_KPATH_H
#define TOOLS_KPATH_H
/* kpath's parts: the services to look at, the calls that show whether keys and permissions will do,
 * and the page or JSON document that says so. */
#include "session.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { KPATH_TARGETS = 16 };

/* What a signed call brought. */
struct kpath_call {
    const char *operation; /* NULL: none is made */
    struct sigv4_call *call;
    bool answered, sent;
    bool foreign; /* a success, but not in the service's words */
    struct sigv4_error error;
    int http_status;
    char request_id[64], region[64], right_region[64];
    char body[4096]; /* its beginning */
    size_t body_length;
};

struct kpath_target {
    const char *service_id; /* "KINESIS", "S3", "STS"; "" for a URL that tells none */
    const char *given_url;  /* NULL: by the rules, or the configured one */
    const char *resource;   /* a stream or bucket; NULL: none */
    char url[1100];         /* "" until the region is known */
    char endpoint_origin[192];
    struct kpath_call call;
    char json[2200];         /* the call's body */
    struct sigv4_loop *loop; /* woken when the way is known */
    bool way_started;
    atomic_bool way_done;
    pthread_t thread;
    int way_status;
    struct sigv4_diagnose_options way;
    struct sigv4_diagnosis d; /* in the end: of way and call together */
    bool works;
};

struct kpath_settings {
    struct session_settings session;
    const char *stream, *bucket;
    bool json;
};

struct kpath {
    const struct kpath_settings *settings;
    struct session session;
    struct kpath_target targets[KPATH_TARGETS];
    size_t count;
    struct kpath_call identity;
    bool identity_asked;
    char arn[256];
    struct sigv4_client_facts facts;
};

/* kpath_call.c: starts the harmless call of a target, or GetCallerIdentity. */
int kpath_call_start(struct kpath *k, struct kpath_target *t, struct sigv4_error *err);
int kpath_identity_start(struct kpath *k, struct sigv4_error *err);
/* Where a target is, as far as it is known by now. false: not yet. */
bool kpath_target_place(struct kpath *k, struct kpath_target *t);

/* kpath_page.c, kpath_json.c */
void kpath_print_page(const struct kpath *k, FILE *out);
int kpath_print_json(const struct kpath *k, int code, FILE *out);
#endif
