#ifndef TOOLS_KPUT_REPORT_H
#define TOOLS_KPUT_REPORT_H
/* What became of each record, for the reader: a line on stdout for one that was written, its place
 * in the input on stderr (and the record itself in the file of --failed) for one that was not. */
#include "kput.h"
#include "kput_kept.h"
#include "kput_teller.h"

#include <kinesis/kinesis.h>
#include <stdatomic.h>

/* Records are numbered through all of the input, from 1; this number is kinesis_put.tag. */
struct report_source {
    const char *name;
    uint64_t before; /* records of the sources before it */
};

/* Records in a row that share a fate, told together. */
struct report_row {
    size_t source;
    uint64_t first, last;
    bool maybe, read_wrongly;
    struct sigv4_error error;
};

struct report {
    enum kput_form form;
    struct teller *teller;
    struct kept *kept;     /* may be NULL */
    atomic_bool gave_up;   /* why is said elsewhere, once for all */
    atomic_ullong written; /* known to be */

    pthread_mutex_t mutex; /* of the rest */
    struct report_source *sources;
    size_t source_count;
    uint64_t count; /* records so far */
    struct report_row row;
    bool has_row;
    uint64_t refused;   /* never given to the producer */
    uint64_t not_tried; /* kept after giving up */
};

int report_init(struct report *r, size_t most_sources);
void report_free(struct report *r);
/* Reading goes on with this one. */
void report_source(struct report *r, const char *name);
/* The tag of the next record. */
void *report_next(struct report *r);
/* The last tag was not accepted: why. record may be NULL: it cannot be kept. */
void report_refuse(struct report *r, const struct sigv4_error *error,
                   const struct kept_record *record);
/* The last tag was not tried any more. */
void report_keep(struct report *r, const struct kept_record *record);
void report_result(struct report *r, const struct kinesis_put_result *result);
/* Tells the row that waits for its next record. */
void report_flush(struct report *r);
#endif
