#ifndef TOOLS_KPUT_FEED_H
#define TOOLS_KPUT_FEED_H
/* The input: records from the command line, from files and from standard input, given to the
 * producer, which makes the reader wait when it has enough. */
#include "kput_report.h"
#include "kput_window.h"

struct feed {
    const struct kput_settings *settings;
    struct report *report;
    struct kinesis_producer *producer;
    struct window window;
    int stop_fd; /* readable: read no more */
    atomic_bool is_stopped;
    bool unread; /* some of the input could not be */
};

/* Until the input ends, or feed_stop, or report->gave_up; after giving up, what is still to be read
 * is kept when there is a file for it. */
void feed_all(struct feed *f);
/* @thread any. What was read and is whole is still put. */
void feed_stop(struct feed *f);
#endif
