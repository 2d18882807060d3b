#ifndef KBENCH_LOAD_H
#define KBENCH_LOAD_H
/* What a load came to, and how it is told: a line for people, or JSON, and the histogram. */
#include "histogram.h"
#include "options.h"

struct load {
    const char *what;  /* "put" */
    const char *times; /* what the histogram holds: "from when a record was due to its result" */
    double seconds, cpu_seconds;
    uint64_t done, failed, bytes; /* bytes of payload of the done ones */
    struct histogram latency;
};
struct load_output {
    const char *json, *histogram; /* files; "-": standard output; NULL: not */
};
/* The group of these options for a command whose settings have `struct load_output output`. */
enum { LOAD_ROW_COUNT = 2 };
extern const struct option_row load_rows[LOAD_ROW_COUNT];
#define LOAD_GROUP(settings_type)                                                                  \
    {                                                                                              \
        "results", load_rows, LOAD_ROW_COUNT, offsetof(settings_type, output)                      \
    }

/* Adds to the load what has passed since it began. */
void load_begin(struct load *l, const char *what, const char *times);
void load_end(struct load *l);
double load_seconds(const struct load *l); /* so far */
/* The exit code: 0; or 1 when some failed or a file could not be written. */
int load_tell(const struct load *l, const struct load_output *to);
#endif
