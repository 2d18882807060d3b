/* Reading the members of a Kinesis request as the service does: wrong types end it at once, broken
 * constraints are collected and reported together. */
#ifndef KLOCAL_KINESIS_INPUT_H
#define KLOCAL_KINESIS_INPUT_H

#include "kinesis.h"

struct input_rule {
    const char *member; /* "StreamName" */
    size_t min;         /* characters */
    size_t max;
    bool (*matches)(const char *text, size_t length); /* NULL: anything */
    const char *pattern;                              /* as the error spells it */
    bool required;
};

extern const struct input_rule input_stream_name, input_stream_arn, input_shard_id;
extern const struct input_rule input_partition_key, input_hash_key, input_sequence_number;
extern const struct input_rule input_next_token, input_consumer_name, input_consumer_arn;

/* item: the index in Records for the error text, or -1. NULL: absent or wrong. */
const char *input_string(struct kinesis_call *call, json_t *object, const struct input_rule *rule,
                         int item);
/* Like it, but the member's presence or its name differ from the rule's. */
const char *input_member(struct kinesis_call *call, const struct input_rule *rule,
                         const char *member, bool required);
/* absent gives the fallback; range errors are reported. */
long long input_integer(struct kinesis_call *call, const char *member, long long min, long long max,
                        long long fallback);
/* Milliseconds; false: absent or wrong. */
bool input_time(struct kinesis_call *call, json_t *object, const char *member, int64_t *ms);
/* One of the words, NULL-terminated; -1: absent or wrong. */
int input_word(struct kinesis_call *call, json_t *object, const char *member,
               const char *const *words, bool required);
json_t *input_object(struct kinesis_call *call, const char *member); /* NULL: absent */

void input_problem(struct kinesis_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Answers the collected problems; false when there were any. */
bool input_complete(struct kinesis_call *call);

/* The stream named by StreamName or StreamARN; refuses and gives NULL when there is none. */
struct stream *input_stream(struct kinesis_call *call, bool must_serve);
/* The same, and refuses while it is being changed. */
struct stream *input_active_stream(struct kinesis_call *call);
/* The name out of an ARN, or NULL after refusing. */
const char *input_stream_of_arn(struct kinesis_call *call, const char *arn, char name[129]);

#endif
