#ifndef TRANSPORT_HOOKS_H
#define TRANSPORT_HOOKS_H
/* The hooks a loop was given, with the system's in the place of those left out. */
#include <sigv4/loop.h>

struct sigv4__hooks {
    struct sigv4_alloc alloc;
    struct sigv4_clock clock;
    struct sigv4_random random;
    struct sigv4_log log; /* write NULL: silent */
};
struct sigv4__hooks sigv4__hooks_of(const struct sigv4_loop_options *opts);
#endif
