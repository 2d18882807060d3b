#ifndef TOOLS_KPUT_H
#define TOOLS_KPUT_H
/* What kput was asked to do. */
#include "session.h"

enum kput_form { KPUT_NONE, KPUT_JSON, KPUT_TEXT };

struct kput_settings {
    struct session_settings session;
    const char *stream, *key, *hash_key, *output, *failed;
    const char *delimiter_text, *key_delimiter_text; /* with escapes */
    struct option_list data;
    bool zero, whole, ordered, aggregate, stats;
    uint64_t linger_ms, deadline_ms;
    uint64_t buffered_bytes, buffered_records, batch_records, batch_bytes, requests,
        aggregate_bytes;

    /* Made from the above. */
    enum kput_form form;
    struct sigv4_slice delimiter, key_delimiter; /* key_delimiter empty: none */
    char **files;
    size_t file_count;
};

/* Sends everything; the exit code. */
int kput_run(const struct kput_settings *settings);
#endif
