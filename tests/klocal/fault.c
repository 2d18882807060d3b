/* Fault rules: matching, counting, rolling the dice. */
#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "fault_rule.h"
#include "memory.h"

/* splitmix64: one seed, the same faults. */
static double roll(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) / 9007199254740992.0;
}

/* A pattern that ends with '*' matches what starts with the rest. NULL matches all. */
static bool matches(const char *pattern, const char *value)
{
    if (pattern == NULL)
        return true;
    if (value == NULL)
        return false;
    size_t length = strlen(pattern);
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, value, length - 1) == 0;
    return strcmp(pattern, value) == 0;
}

static bool applies(const struct fault_rule *rule, const struct fault_subject *subject,
                    enum fault_stage stage)
{
    return rule->stage == stage && matches(rule->service, subject->service) &&
           matches(rule->operation, subject->operation) && matches(rule->stream, subject->stream) &&
           matches(rule->shard, subject->shard) &&
           matches(rule->partition_key, subject->partition_key) &&
           matches(rule->bucket, subject->bucket) && matches(rule->key, subject->key) &&
           (rule->index < 0 || rule->index == subject->index);
}

struct fault_action fault_find(struct klocal *klocal, const struct fault_subject *subject,
                               enum fault_stage stage)
{
    struct fault_list *list = klocal->faults;
    struct fault_action none = {.kind = FAULT_NONE};
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        struct fault_rule *rule = &list->rules[i];
        if (!applies(rule, subject, stage))
            continue;
        rule->seen++;
        if (rule->seen <= rule->skip || (rule->count >= 0 && rule->fired >= rule->count))
            continue;
        if (rule->probability < 1 && roll(&list->random) >= rule->probability)
            continue;
        rule->fired++;
        return rule->action;
    }
    return none;
}

bool fault_connection_allowed(struct klocal *klocal, unsigned open)
{
    pthread_mutex_lock(&klocal->lock);
    bool allowed = klocal->faults == NULL || klocal->faults->connections < 0 ||
                   (long long)open < klocal->faults->connections;
    pthread_mutex_unlock(&klocal->lock);
    return allowed;
}

static void list_free(struct fault_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        fault_rule_free(&list->rules[i]);
    free(list->rules);
    free(list);
}

void fault_clear(struct klocal *klocal)
{
    list_free(klocal->faults);
    klocal->faults = NULL;
}

static bool read_head(json_t *root, struct fault_list *list, struct text *problem)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        bool good = false;
        if (strcmp(name, "rules") == 0) {
            good = json_is_array(value);
        } else if (strcmp(name, "seed") == 0) {
            good = json_is_integer(value);
            list->random = (uint64_t)json_integer_value(value);
        } else if (strcmp(name, "connections") == 0) {
            good = json_is_integer(value);
            list->connections = json_integer_value(value);
        }
        if (!good) {
            text_printf(problem, "%s: unknown, or of the wrong type", name);
            return false;
        }
    }
    return true;
}

bool fault_load(struct klocal *klocal, const char *text, size_t length, struct text *problem)
{
    json_error_t error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error), *rules = NULL;
    struct fault_list *list = memory_take(1, sizeof *list);
    list->connections = -1;
    bool good = json_is_object(root);
    if (!good)
        text_printf(problem, "line %d: %s", root == NULL ? error.line : 1,
                    root == NULL ? error.text : "an object is wanted");
    good = good && read_head(root, list, problem);
    rules = good ? json_object_get(root, "rules") : NULL;
    list->rules = memory_take(json_array_size(rules), sizeof *list->rules);
    for (size_t i = 0; good && i < json_array_size(rules); i++) {
        struct text detail = {0};
        good = fault_rule_read(json_array_get(rules, i), &list->rules[i], &detail);
        list->count = i + 1;
        if (!good)
            text_printf(problem, "rule %zu: %s", i + 1, text_string(&detail));
        text_free(&detail);
    }
    json_decref(root);
    if (!good) {
        list_free(list);
        return false;
    }
    fault_clear(klocal);
    klocal->faults = list;
    return true;
}

void fault_put_state(struct klocal *klocal, struct text *out)
{
    const struct fault_list *list = klocal->faults;
    text_puts(out, "{\"Rules\":[");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct fault_rule *rule = &list->rules[i];
        text_printf(out, "%s{\"Fault\":\"%s\",\"Seen\":%lld,\"Fired\":%lld}", i > 0 ? "," : "",
                    fault_kind_name(rule->action.kind), rule->seen, rule->fired);
    }
    text_puts(out, "]}");
}
