/* Enhanced fan-out consumers: register, describe, list, deregister. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinesis.h"
#include "kinesis_input.h"
#include "memory.h"

#define CONSUMERS_MAX 20

static void put_consumer(struct kinesis_call *call, const struct stream *stream,
                         const struct consumer *consumer, bool with_stream)
{
    char arn[256];
    int64_t now = clock_service_ms(&call->klocal->clock);
    stream_arn(call->klocal, stream, arn);
    text_printf(call->out,
                "{\"ConsumerName\":\"%s\",\"ConsumerARN\":\"%s/consumer/%s:%lld\","
                "\"ConsumerStatus\":\"%s\",\"ConsumerCreationTimestamp\":",
                consumer->name, arn, consumer->name, (long long)(consumer->created_ms / 1000),
                consumer->deleted_ms != 0   ? "DELETING"
                : now < consumer->active_ms ? "CREATING"
                                            : "ACTIVE");
    kinesis_put_time(call->out, consumer->created_ms);
    if (with_stream)
        text_printf(call->out, ",\"StreamARN\":\"%s\"", arn);
    text_putc(call->out, '}');
}

static void remove_consumer(struct stream *stream, size_t i)
{
    free(stream->consumers[i].name);
    stream->consumer_count--;
    memmove(stream->consumers + i, stream->consumers + i + 1,
            (stream->consumer_count - i) * sizeof *stream->consumers);
}

static void reap(struct klocal *klocal, struct stream *stream)
{
    int64_t now = clock_service_ms(&klocal->clock);
    for (size_t i = stream->consumer_count; i-- > 0;)
        if (stream->consumers[i].deleted_ms != 0 && stream->consumers[i].deleted_ms <= now)
            remove_consumer(stream, i);
}

static struct stream *named_stream(struct kinesis_call *call)
{
    struct stream *stream = NULL;
    if (json_object_get(call->input, "StreamARN") == NULL)
        input_problem(call, "Value null at 'streamARN' failed to satisfy constraint: Member must "
                            "not be null");
    stream = input_stream(call, false);
    if (stream != NULL)
        reap(call->klocal, stream);
    return stream;
}

static struct consumer *find_name(struct stream *stream, const char *name)
{
    for (size_t i = 0; i < stream->consumer_count; i++)
        if (strcmp(stream->consumers[i].name, name) == 0)
            return &stream->consumers[i];
    return NULL;
}

void kinesis_register_consumer(struct kinesis_call *call)
{
    const char *name = input_string(call, call->input, &input_consumer_name, -1);
    struct stream *stream = named_stream(call);
    if (stream == NULL)
        return;
    if (find_name(stream, name) != NULL) {
        kinesis_refuse(call, "ResourceInUseException",
                       "Consumer %s already exists under stream %s under account %s.", name,
                       stream->name, call->klocal->options.account);
        return;
    }
    if (stream->consumer_count >= CONSUMERS_MAX) {
        kinesis_refuse(call, "LimitExceededException", "Stream %s has %d consumers already.",
                       stream->name, CONSUMERS_MAX);
        return;
    }
    int64_t now = clock_service_ms(&call->klocal->clock);
    stream->consumers =
        memory_grow(stream->consumers, stream->consumer_count + 1, sizeof *stream->consumers);
    struct consumer *consumer = &stream->consumers[stream->consumer_count++];
    *consumer = (struct consumer){.id = ++call->klocal->stream_ids,
                                  .name = memory_string(name),
                                  .created_ms = now,
                                  .active_ms = now + call->klocal->options.create_ms};
    text_puts(call->out, "{\"Consumer\":");
    put_consumer(call, stream, consumer, false);
    text_putc(call->out, '}');
}

struct consumer *kinesis_find_consumer(struct kinesis_call *call, struct stream **stream)
{
    char stream_name[129], name[129];
    long long created = 0;
    const char *arn = input_string(call, call->input, &input_consumer_arn, -1);
    const char *given = input_member(call, &input_consumer_name, "ConsumerName", false);
    struct consumer *consumer = NULL;
    if (!input_complete(call))
        return NULL;
    if (arn == NULL) {
        *stream = named_stream(call);
        if (*stream != NULL && given != NULL)
            consumer = find_name(*stream, given);
    } else if (input_stream_of_arn(call, arn, stream_name) != NULL) {
        *stream = stream_find(call->klocal, stream_name);
        if (*stream != NULL)
            reap(call->klocal, *stream);
        if (*stream != NULL &&
            sscanf(strstr(arn, "/consumer/") + 10, "%128[a-zA-Z0-9_.-]:%lld", name, &created) == 2)
            consumer = find_name(*stream, name);
        if (consumer != NULL && consumer->created_ms / 1000 != created)
            consumer = NULL;
    }
    if (consumer == NULL)
        kinesis_refuse(call, "ResourceNotFoundException", "Consumer %s under account %s not found.",
                       arn != NULL     ? arn
                       : given != NULL ? given
                                       : "(unnamed)",
                       call->klocal->options.account);
    return consumer;
}

void kinesis_describe_consumer(struct kinesis_call *call)
{
    struct stream *stream = NULL;
    const struct consumer *consumer = kinesis_find_consumer(call, &stream);
    if (consumer == NULL)
        return;
    text_puts(call->out, "{\"ConsumerDescription\":");
    put_consumer(call, stream, consumer, true);
    text_putc(call->out, '}');
}

void kinesis_deregister_consumer(struct kinesis_call *call)
{
    struct stream *stream = NULL;
    struct consumer *consumer = kinesis_find_consumer(call, &stream);
    if (consumer == NULL)
        return;
    consumer->deleted_ms = clock_service_ms(&call->klocal->clock) + call->klocal->options.create_ms;
    reap(call->klocal, stream);
    pthread_cond_broadcast(&call->klocal->changed);
}

void kinesis_list_consumers(struct kinesis_call *call)
{
    const char *token = input_string(call, call->input, &input_next_token, -1);
    long long max = input_integer(call, "MaxResults", 1, 100, 100);
    struct stream *stream = named_stream(call);
    if (stream == NULL)
        return;
    size_t first = token == NULL ? 0 : (size_t)strtoull(token, NULL, 10);
    size_t i = first;
    text_puts(call->out, "{\"Consumers\":[");
    for (; i < stream->consumer_count && i - first < (size_t)max; i++) {
        if (i > first)
            text_putc(call->out, ',');
        put_consumer(call, stream, &stream->consumers[i], false);
    }
    text_putc(call->out, ']');
    if (i < stream->consumer_count)
        text_printf(call->out, ",\"NextToken\":\"%zu\"", i);
    text_putc(call->out, '}');
}
