/* A request while it is being served. */
#ifndef KLOCAL_REQUEST_H
#define KLOCAL_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

#include "authorization.h"
#include "body.h"
#include "fault.h"
#include "header.h"
#include "klocal.h"
#include "response.h"
#include "sigv4_check.h"

struct request;

/* begin() sees the headers, plans the body, and may already answer (decided); finish() sees the
 * body and must answer; discard() frees what they left in request->state. */
struct service {
    const char *name;
    void (*begin)(struct request *request);
    void (*feed)(struct request *request, const void *bytes, size_t length); /* NULL: body_feed */
    void (*finish)(struct request *request);
    void (*discard)(struct request *request);
    /* Makes the answer an error of this service. */
    void (*refuse)(struct request *request, unsigned status, const char *code, const char *message);
};

struct request {
    struct klocal *klocal;
    struct MHD_Connection *connection;
    const struct service *service;
    void *state;
    char *method;
    char *target; /* as on the wire */
    char *path;   /* of the target, still encoded */
    char *query;  /* still encoded, "" for none */
    struct header_list headers;
    struct header_list params; /* of the query, decoded */
    struct authorization auth;
    struct body body;
    bool began;
    bool decided;
    struct response response;
    struct fault_subject subject; /* the services fill in what they know */
    char stream[130];             /* where subject points, when it came out of a body */
    char shard[24];
    struct fault_action fault;
    uint64_t reset_at; /* so many bytes of the body, then the connection is reset */
    char id[37];       /* as Kinesis spells it */
    char short_id[17]; /* as S3 does */
};

extern const struct service service_admin;
extern const struct service service_container;
extern const struct service service_imds;
extern const struct service service_kinesis;
extern const struct service service_s3;
extern const struct service service_sts;

struct request *request_new(struct klocal *klocal, const char *target);
void request_free(struct request *request);
/* Reads the headers and chooses the service. */
void request_open(struct request *request, struct MHD_Connection *connection, const char *method);

const char *request_header(const struct request *request, const char *name);
const char *request_param(const struct request *request, const char *name); /* NULL: absent */
void request_check(const struct request *request, const struct sigv4_rules *rules,
                   struct sigv4_result *result);

#endif
