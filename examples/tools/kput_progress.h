#ifndef TOOLS_KPUT_PROGRESS_H
#define TOOLS_KPUT_PROGRESS_H
/* How far kput is: a line for who looks, the final counts for who reads JSON. */
#include <kinesis/kinesis.h>
#include <stdio.h>

struct progress {
    int64_t began_ms, shown_ms;
    uint64_t shown_bytes;
    double rate; /* bytes a second, of late */
    bool shown;
};

int64_t progress_now(void); /* milliseconds, monotonic */
void progress_begin(struct progress *p);
/* "12345 records, 12.3 MB, 1.2 MB/s, 400 in flight, 3 throttled"; false: nothing to show. */
bool progress_show(struct progress *p, struct kinesis_producer *producer, char *line, size_t cap);
/* The last word, where a line was shown. */
void progress_end(const struct progress *p, struct kinesis_producer *producer);
/* One line of JSON on stderr. refused: records that could not be put at all. */
void progress_stats(const struct progress *p, struct kinesis_producer *producer, uint64_t refused);
#endif
