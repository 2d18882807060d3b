#ifndef KBENCH_TRIAL_H
#define KBENCH_TRIAL_H
/* Two ways, interleaved in small blocks, so that what changes on the machine or the network while
 * it runs changes both. */
#include "way.h"

enum { TRIAL_LOADS = 2 };
struct trial_settings {
    size_t requests;     /* per way and kind of connection */
    size_t block;        /* so many in a row on one way */
    double load_seconds; /* per way and number of connections; 0: no throughput */
    unsigned parallel;   /* of the second load; the first has one connection */
};

enum connection { CONNECTION_FRESH, CONNECTION_KEPT, CONNECTION_KINDS };
struct trial_load {
    unsigned connections;
    struct way_load sum;
};
struct trial_side { /* of one way */
    struct series series[CONNECTION_KINDS];
    struct trial_load loads[TRIAL_LOADS];
};
struct trial {
    struct trial_side sides[2];
    size_t load_count;
    double began_unix, seconds;
};
/* false: no memory. */
bool trial_init(struct trial *t, const struct trial_settings *settings);
void trial_free(struct trial *t);
/* progress: called now and then with the share that is done; may be NULL. Ends early when
 * *stop becomes true. */
void trial_run(struct trial *t, struct way ways[2], const struct trial_settings *settings,
               void (*progress)(double done), const volatile bool *stop);
#endif
