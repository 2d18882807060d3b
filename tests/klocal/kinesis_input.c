/* Reading the members of a Kinesis request. */
#include "kinesis_input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && (text[i] == '\0' || strchr("_.-", text[i]) == NULL))
            return false;
    return true;
}

static bool is_decimal(const char *text, size_t length, size_t max)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length == 1 || (length > 1 && length <= max && text[0] != '0');
}

static bool is_hash_key(const char *text, size_t length)
{
    return is_decimal(text, length, 39);
}

static bool is_sequence_number(const char *text, size_t length)
{
    return is_decimal(text, length, 129);
}

static bool is_stream_arn(const char *text, size_t length)
{
    const char *mark = strstr(text, ":stream/");
    return strlen(text) == length && strncmp(text, "arn:aws", 7) == 0 &&
           strstr(text, ":kinesis:") != NULL && mark != NULL && mark[8] != '\0';
}

static bool is_consumer_arn(const char *text, size_t length)
{
    return is_stream_arn(text, length) && strstr(text, "/consumer/") != NULL;
}

#define NAME_PATTERN "[a-zA-Z0-9_.-]+"

const struct input_rule input_stream_name = {"StreamName", 1, 128, is_name, NAME_PATTERN, false};
const struct input_rule input_stream_arn = {
    "StreamARN", 1, 2048, is_stream_arn, "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+", false};
const struct input_rule input_shard_id = {"ShardId", 1, 128, is_name, NAME_PATTERN, true};
const struct input_rule input_partition_key = {"PartitionKey", 1, 256, NULL, NULL, true};
const struct input_rule input_hash_key = {"ExplicitHashKey",    1,    4096, is_hash_key,
                                          "0|([1-9]\\d{0,38})", false};
const struct input_rule input_sequence_number = {
    "StartingSequenceNumber", 1, 4096, is_sequence_number, "0|([1-9]\\d{0,128})", false};
const struct input_rule input_next_token = {"NextToken", 1, 1048576, NULL, NULL, false};
const struct input_rule input_consumer_name = {"ConsumerName", 1, 128, is_name, NAME_PATTERN, true};
const struct input_rule input_consumer_arn = {
    "ConsumerARN",
    1,
    2048,
    is_consumer_arn,
    "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/"
    "[a-zA-Z0-9_.-]+:[0-9]+",
    false};

void input_problem(struct kinesis_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (call->problem_count++ > 0)
        text_puts(&call->problems, "; ");
    text_vprintf(&call->problems, format, args);
    va_end(args);
}

bool input_complete(struct kinesis_call *call)
{
    if (call->refused || call->problem_count == 0)
        return !call->refused;
    return kinesis_refuse(call, "ValidationException", "%u validation error%s detected: %s",
                          call->problem_count, call->problem_count > 1 ? "s" : "",
                          call->problems.data);
}

/* Where a member is, in the service's spelling: records.1.member.partitionKey */
static void spell(char out[96], const char *member, int item)
{
    int prefix = item >= 0 ? snprintf(out, 96, "records.%d.member.", item + 1) : 0;
    snprintf(out + prefix, 96 - (size_t)prefix, "%s", member);
    out[prefix] = (char)tolower((unsigned char)out[prefix]);
}

/* Characters, not bytes. */
static size_t character_count(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static json_t *present(json_t *object, const char *member)
{
    json_t *value = json_object_get(object, member);
    return json_is_null(value) ? NULL : value;
}

const char *input_string(struct kinesis_call *call, json_t *object, const struct input_rule *rule,
                         int item)
{
    json_t *value = present(object, rule->member);
    char where[96];
    spell(where, rule->member, item);
    if (value == NULL) {
        if (rule->required)
            input_problem(
                call, "Value null at '%s' failed to satisfy constraint: Member must not be null",
                where);
        return NULL;
    }
    if (!json_is_string(value)) {
        kinesis_refuse(call, "SerializationException", "%s can not be converted to a String",
                       where);
        return NULL;
    }
    const char *text = json_string_value(value);
    size_t length = json_string_length(value), count = character_count(text, length);
    unsigned before = call->problem_count;
    if (count < rule->min)
        input_problem(call,
                      "Value '%.300s' at '%s' failed to satisfy constraint: Member must have "
                      "length greater than or equal to %zu",
                      text, where, rule->min);
    if (count > rule->max)
        input_problem(call,
                      "Value '%.300s' at '%s' failed to satisfy constraint: Member must have "
                      "length less than or equal to %zu",
                      text, where, rule->max);
    if (rule->matches != NULL && !rule->matches(text, length))
        input_problem(call,
                      "Value '%.300s' at '%s' failed to satisfy constraint: Member must satisfy "
                      "regular expression pattern: %s",
                      text, where, rule->pattern);
    return call->problem_count == before ? text : NULL;
}

const char *input_member(struct kinesis_call *call, const struct input_rule *rule,
                         const char *member, bool required)
{
    struct input_rule other = *rule;
    other.member = member;
    other.required = required;
    return input_string(call, call->input, &other, -1);
}

long long input_integer(struct kinesis_call *call, const char *member, long long min, long long max,
                        long long fallback)
{
    json_t *value = present(call->input, member);
    char where[96];
    spell(where, member, -1);
    if (value == NULL)
        return fallback;
    if (!json_is_integer(value)) {
        kinesis_refuse(call, "SerializationException", "%s can not be converted to an Integer",
                       where);
        return fallback;
    }
    long long number = json_integer_value(value);
    if (number < min)
        input_problem(call,
                      "Value '%lld' at '%s' failed to satisfy constraint: Member must have value "
                      "greater than or equal to %lld",
                      number, where, min);
    if (number > max)
        input_problem(call,
                      "Value '%lld' at '%s' failed to satisfy constraint: Member must have value "
                      "less than or equal to %lld",
                      number, where, max);
    return number;
}

bool input_time(struct kinesis_call *call, json_t *object, const char *member, int64_t *ms)
{
    json_t *value = present(object, member);
    if (value == NULL)
        return false;
    double seconds = json_number_value(value);
    if (!json_is_number(value) || seconds < -1e11 || seconds > 1e11) {
        kinesis_refuse(call, "SerializationException", "%s can not be converted to a Timestamp",
                       member);
        return false;
    }
    *ms = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
    return true;
}

int input_word(struct kinesis_call *call, json_t *object, const char *member,
               const char *const *words, bool required)
{
    const struct input_rule rule = {.member = member, .max = 256, .required = required};
    const char *text = input_string(call, object, &rule, -1);
    struct text set = {0};
    char where[96];
    spell(where, member, -1);
    if (text == NULL)
        return -1;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            text_free(&set);
            return i;
        }
        text_printf(&set, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    input_problem(call,
                  "Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value "
                  "set: [%s]",
                  text, where, text_string(&set));
    text_free(&set);
    return -1;
}

json_t *input_object(struct kinesis_call *call, const char *member)
{
    json_t *value = present(call->input, member);
    if (value != NULL && !json_is_object(value)) {
        kinesis_refuse(call, "SerializationException", "%s can not be converted to a structure",
                       member);
        return NULL;
    }
    return value;
}

const char *input_stream_of_arn(struct kinesis_call *call, const char *arn, char name[129])
{
    char region[64] = "", account[16] = "";
    const struct options *options = &call->klocal->options;
    if (sscanf(arn, "arn:%*[a-z-]:kinesis:%63[^:]:%15[^:]:stream/%128[a-zA-Z0-9_.-]", region,
               account, name) != 3 ||
        strcmp(region, options->region) != 0) {
        kinesis_refuse(call, "InvalidArgumentException", "Invalid StreamARN %s", arn);
        return NULL;
    }
    if (strcmp(account, options->account) != 0) {
        kinesis_refuse(call, "AccessDeniedException",
                       "User: arn:aws:iam::%s:user/klocal is not authorized to perform: kinesis:%s "
                       "on resource: %s",
                       options->account, call->operation, arn);
        return NULL;
    }
    return name;
}

static struct stream *find(struct kinesis_call *call, const char *name, bool must_serve)
{
    struct stream *stream = stream_find(call->klocal, name);
    if (stream == NULL && call->klocal->options.sink) /* benchmarks ask for any */
        stream = stream_create(call->klocal, name, 1);
    if (stream == NULL || (must_serve && !stream_serves(call->klocal, stream))) {
        kinesis_refuse(call, "ResourceNotFoundException", "Stream %s under account %s not found.",
                       name, call->klocal->options.account);
        return NULL;
    }
    return stream;
}

struct stream *input_stream(struct kinesis_call *call, bool must_serve)
{
    char from_arn[129];
    const char *name = input_string(call, call->input, &input_stream_name, -1);
    const char *arn = input_string(call, call->input, &input_stream_arn, -1);
    if (!input_complete(call))
        return NULL;
    if (arn != NULL && input_stream_of_arn(call, arn, from_arn) == NULL)
        return NULL;
    if (arn != NULL && name != NULL && strcmp(name, from_arn) != 0) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "StreamName %s and StreamARN %s name different streams", name, arn);
        return NULL;
    }
    if (arn == NULL && name == NULL) {
        kinesis_refuse(call, "InvalidArgumentException",
                       "Either StreamARN or StreamName must be specified.");
        return NULL;
    }
    return find(call, name != NULL ? name : from_arn, must_serve);
}

struct stream *input_active_stream(struct kinesis_call *call)
{
    struct stream *stream = input_stream(call, false);
    if (stream == NULL || stream_status(call->klocal, stream) == STREAM_ACTIVE)
        return stream;
    kinesis_refuse(call, "ResourceInUseException",
                   "Stream %s under account %s not ACTIVE, instead in state %s", stream->name,
                   call->klocal->options.account,
                   stream_status_name(stream_status(call->klocal, stream)));
    return NULL;
}
