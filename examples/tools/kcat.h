#ifndef TOOLS_KCAT_H
#define TOOLS_KCAT_H
/* What kcat was asked to do, and the parts that do it. */
#include "kcat_print.h"
#include "session.h"

struct kcat_settings {
    struct session_settings session;
    const char *stream, *offset, *format, *until, *checkpoint, *fan_out;
    struct option_list shards;
    bool json, raw, exit_at_tip, list, no_deaggregate;
    uint64_t count, max_records, idle_ms, quiet_end_ms, save_ms;
};

/* Exit codes. consumer: start, until and shards are set. */
int kcat_read(const struct kcat_settings *settings, struct kinesis_consumer_options *consumer,
              bool from_checkpoint);
/* *arn: of the consumer named by --fan-out, once it is ACTIVE; to be freed. */
int kcat_fan_out(struct session *session, const struct kcat_settings *settings, char **arn);
int kcat_list(const struct kcat_settings *settings);
#endif
