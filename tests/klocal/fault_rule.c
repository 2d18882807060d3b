/* Reading one rule of a fault script. Unknown members and wrong types are errors: a rule that says
 * nothing by a slip of the pen would prove nothing. */
#include "fault_rule.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const char *const kind_names[FAULT_KINDS] = {
    [FAULT_NONE] = "none",
    [FAULT_THROTTLE] = "throttle",
    [FAULT_INTERNAL] = "internal",
    [FAULT_UNAVAILABLE] = "unavailable",
    [FAULT_EXPIRED_TOKEN] = "expired_token",
    [FAULT_ERROR] = "error",
    [FAULT_GARBAGE] = "garbage",
    [FAULT_HTML] = "html",
    [FAULT_RESET_BEFORE] = "reset_before",
    [FAULT_RESET_DURING] = "reset_during",
    [FAULT_DROP_ANSWER] = "drop_answer",
    [FAULT_RESET_ANSWER] = "reset_answer",
    [FAULT_TRUNCATE] = "truncate",
    [FAULT_SLOW] = "slow",
    [FAULT_STALL] = "stall",
    [FAULT_DELAY] = "delay",
    [FAULT_WRONG_LENGTH] = "wrong_length",
    [FAULT_CORRUPT] = "corrupt",
    [FAULT_HEADER] = "header",
};

const char *fault_kind_name(enum fault_kind kind)
{
    return kind_names[kind];
}

enum member_type { IS_STRING, IS_INTEGER, IS_WIDE, IS_FRACTION, IS_SWITCH, IS_STATUS, IS_COPY };

#define RULE(field)   offsetof(struct fault_rule, field)
#define ACTION(field) offsetof(struct fault_rule, action.field)

static const struct {
    const char *name;
    enum member_type type;
    size_t offset;
    size_t size; /* of a copied string */
} members[] = {
    {"service", IS_STRING, RULE(service), 0},
    {"operation", IS_STRING, RULE(operation), 0},
    {"stream", IS_STRING, RULE(stream), 0},
    {"shard", IS_STRING, RULE(shard), 0},
    {"partition_key", IS_STRING, RULE(partition_key), 0},
    {"bucket", IS_STRING, RULE(bucket), 0},
    {"key", IS_STRING, RULE(key), 0},
    {"index", IS_WIDE, RULE(index), 0},
    {"skip", IS_WIDE, RULE(skip), 0},
    {"count", IS_WIDE, RULE(count), 0},
    {"probability", IS_FRACTION, RULE(probability), 0},
    {"commit", IS_SWITCH, ACTION(commit), 0},
    {"status", IS_STATUS, ACTION(status), 0},
    {"code", IS_COPY, ACTION(code), sizeof(((struct fault_action *)0)->code)},
    {"message", IS_COPY, ACTION(message), sizeof(((struct fault_action *)0)->message)},
    {"name", IS_COPY, ACTION(name), sizeof(((struct fault_action *)0)->name)},
    {"value", IS_COPY, ACTION(value), sizeof(((struct fault_action *)0)->value)},
    {"delay_ms", IS_INTEGER, ACTION(delay_ms), 0},
    {"offset", IS_INTEGER, ACTION(offset), 0},
    {"bytes", IS_INTEGER, ACTION(bytes), 0},
    {"delta", IS_INTEGER, ACTION(delta), 0},
};

static bool set_text(char *place, enum member_type type, size_t size, json_t *value)
{
    if (!json_is_string(value))
        return false;
    if (type == IS_COPY)
        return (size_t)snprintf(place, size, "%s", json_string_value(value)) < size;
    char *copy = memory_string(json_string_value(value));
    memcpy(place, &copy, sizeof copy);
    return true;
}

static bool set_number(char *place, enum member_type type, json_t *value)
{
    json_int_t number = json_integer_value(value);
    int64_t plain = number;
    long long wide = number;
    unsigned status = (unsigned)number;
    double fraction = json_number_value(value);
    bool on = json_is_true(value);
    switch (type) {
    case IS_INTEGER:
        memcpy(place, &plain, sizeof plain);
        return json_is_integer(value);
    case IS_WIDE:
        memcpy(place, &wide, sizeof wide);
        return json_is_integer(value) && number >= 0;
    case IS_STATUS:
        memcpy(place, &status, sizeof status);
        return json_is_integer(value) && number >= 200 && number <= 599;
    case IS_FRACTION:
        memcpy(place, &fraction, sizeof fraction);
        return json_is_number(value) && fraction >= 0 && fraction <= 1;
    case IS_SWITCH:
        memcpy(place, &on, sizeof on);
        return json_is_boolean(value);
    case IS_STRING:
    case IS_COPY:
        break;
    }
    return false;
}

static bool set_member(struct fault_rule *rule, const char *name, json_t *value)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(members[i].name, name) != 0)
            continue;
        char *place = (char *)rule + members[i].offset;
        if (members[i].type == IS_STRING || members[i].type == IS_COPY)
            return set_text(place, members[i].type, members[i].size, value);
        return set_number(place, members[i].type, value);
    }
    return false;
}

static bool set_kind(struct fault_rule *rule, json_t *value)
{
    const char *name = json_string_value(value);
    for (int kind = FAULT_THROTTLE; name != NULL && kind < FAULT_KINDS; kind++)
        if (strcmp(kind_names[kind], name) == 0) {
            rule->action.kind = (enum fault_kind)kind;
            return true;
        }
    return false;
}

/* When a rule is asked follows from what it says. */
static bool set_stage(struct fault_rule *rule, bool records, struct text *problem)
{
    enum fault_kind kind = rule->action.kind;
    bool early = kind == FAULT_RESET_BEFORE || kind == FAULT_RESET_DURING;
    bool about_record = records || rule->index >= 0 || rule->partition_key != NULL;
    bool may_be_record = kind == FAULT_THROTTLE || kind == FAULT_INTERNAL || kind == FAULT_ERROR;
    /* The shard of a read is known for the whole request, that of a write for each record. */
    if (rule->shard != NULL && rule->operation != NULL &&
        strcmp(rule->operation, "PutRecords") == 0)
        about_record = true;
    rule->stage = early ? FAULT_AT_HEADERS : about_record ? FAULT_AT_RECORD : FAULT_AT_REQUEST;
    if (about_record && !may_be_record)
        text_puts(problem, "only throttle, internal and error can hit single records");
    else if (early && (rule->stream != NULL || rule->shard != NULL))
        text_puts(problem, "stream and shard are not known yet when that happens");
    return problem->length == 0;
}

bool fault_rule_read(json_t *object, struct fault_rule *rule, struct text *problem)
{
    const char *name;
    json_t *value;
    bool records = false;
    memset(rule, 0, sizeof *rule);
    rule->index = rule->count = -1;
    rule->probability = 1;
    rule->action.offset = -1;
    rule->action.bytes = 1;
    if (!json_is_object(object)) {
        text_puts(problem, "an object is wanted");
        return false;
    }
    json_object_foreach(object, name, value)
    {
        bool good;
        if (strcmp(name, "fault") == 0) {
            good = set_kind(rule, value);
        } else if (strcmp(name, "records") == 0) {
            good = json_is_boolean(value);
            records = json_is_true(value);
        } else {
            good = set_member(rule, name, value);
        }
        if (!good) {
            text_printf(problem, "%s: unknown, or of the wrong type or size", name);
            return false;
        }
    }
    if (rule->action.kind == FAULT_NONE)
        text_puts(problem, "fault is missing");
    return problem->length == 0 && set_stage(rule, records, problem);
}

void fault_rule_free(struct fault_rule *rule)
{
    free(rule->service);
    free(rule->operation);
    free(rule->stream);
    free(rule->shard);
    free(rule->partition_key);
    free(rule->bucket);
    free(rule->key);
}

bool fault_load_file(struct klocal *klocal, const char *path)
{
    enum { FILE_MAX_SIZE = 4 << 20 };
    struct text problem = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "klocal: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *text = memory_take(FILE_MAX_SIZE, 1);
    size_t length = fread(text, 1, FILE_MAX_SIZE, file);
    fclose(file);
    bool good = fault_load(klocal, text, length, &problem);
    if (!good)
        fprintf(stderr, "klocal: %s: %s\n", path, text_string(&problem));
    text_free(&problem);
    free(text);
    return good;
}
