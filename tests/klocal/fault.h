/* Faults on request: rules that say which requests (or records) go wrong, how often, and how.
 *
 * {"seed": 7, "connections": 10, "rules": [
 *    {"fault": "throttle", "operation": "PutRecords", "shard": "shardId-000000000001",
 * "probability": 0.1},
 *    {"fault": "drop_answer", "operation": "PutRecords", "skip": 3, "count": 1},
 *    {"fault": "error", "bucket": "b", "key": "x*", "status": 503, "code": "SlowDown"}]}
 *
 * tests/klocal/FAULTS.md says all of it. */
#ifndef KLOCAL_FAULT_H
#define KLOCAL_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "klocal.h"
#include "text.h"

enum fault_kind {
    FAULT_NONE,
    /* another answer */
    FAULT_THROTTLE,
    FAULT_INTERNAL,
    FAULT_UNAVAILABLE,
    FAULT_EXPIRED_TOKEN,
    FAULT_ERROR,
    FAULT_GARBAGE,
    FAULT_HTML,
    /* the connection */
    FAULT_RESET_BEFORE,
    FAULT_RESET_DURING,
    FAULT_DROP_ANSWER,
    FAULT_RESET_ANSWER,
    FAULT_TRUNCATE,
    FAULT_SLOW,
    FAULT_STALL,
    FAULT_DELAY,
    FAULT_WRONG_LENGTH,
    /* the right answer, changed */
    FAULT_CORRUPT,
    FAULT_HEADER,
    FAULT_KINDS
};

/* What a request or a record is, for the rules; NULL or -1: not known. */
struct fault_subject {
    const char *service;
    const char *operation;
    const char *stream;
    const char *shard;
    const char *partition_key;
    const char *bucket;
    const char *key;
    long long index;
};

/* What to do, copied out of a rule. */
struct fault_action {
    enum fault_kind kind;
    bool commit; /* the request is served, only its answer is lost or changed */
    unsigned status;
    char code[64];
    char message[256];
    char name[64]; /* FAULT_HEADER */
    char value[256];
    int64_t delay_ms;
    int64_t offset; /* bytes before it happens, -1: half */
    int64_t bytes;  /* FAULT_SLOW: at a time */
    int64_t delta;  /* FAULT_WRONG_LENGTH */
};

enum fault_stage {
    FAULT_AT_HEADERS, /* before the body is read */
    FAULT_AT_REQUEST, /* the whole request is there, and its signature good */
    FAULT_AT_RECORD
};

struct fault_list;

/* Replaces all rules. false: the problem is in *problem, the old rules stay. The lock is held. */
bool fault_load(struct klocal *klocal, const char *text, size_t length, struct text *problem);
bool fault_load_file(struct klocal *klocal, const char *path);
void fault_clear(struct klocal *klocal);
void fault_put_state(struct klocal *klocal, struct text *out);

/* The first rule that matches and fires; FAULT_NONE else. The lock is held. */
struct fault_action fault_find(struct klocal *klocal, const struct fault_subject *subject,
                               enum fault_stage stage);
/* One connection more than these? Takes the lock. */
bool fault_connection_allowed(struct klocal *klocal, unsigned open);

#endif
