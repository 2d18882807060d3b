/* One rule of a fault script, and how it is read. */
#ifndef KLOCAL_FAULT_RULE_H
#define KLOCAL_FAULT_RULE_H

#include "fault.h"

struct fault_rule {
    enum fault_stage stage;
    char *service; /* NULL: any; so are the others */
    char *operation;
    char *stream;
    char *shard;
    char *partition_key;
    char *bucket;
    char *key;
    long long index; /* -1: any */
    double probability;
    long long skip;  /* the first so many matches pass */
    long long count; /* it fires so often; -1: always */
    long long seen;
    long long fired;
    struct fault_action action;
};

struct fault_list {
    struct fault_rule *rules;
    size_t count;
    uint64_t random;
    long long connections; /* at most so many at a time; -1: any number */
};

const char *fault_kind_name(enum fault_kind kind);
bool fault_rule_read(json_t *object, struct fault_rule *rule, struct text *problem);
void fault_rule_free(struct fault_rule *rule);

#endif
