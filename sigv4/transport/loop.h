#ifndef TRANSPORT_LOOP_H
#define TRANSPORT_LOOP_H
/* What the rest of transport/ and client/ need of the loop beyond sigv4/loop.h. */
#include <sigv4/engine.h>

struct sigv4__timers;
struct sigv4__timers *sigv4__loop_timers(struct sigv4_loop *loop);
/* @thread any. Something is owed to a user (+1) or was delivered (-1): sigv4_loop_free waits for
 * zero. */
void sigv4__loop_owe(struct sigv4_loop *loop, int change);
/* One line to the loop's log; nothing is formatted when nobody listens. */
void sigv4__loop_log(const struct sigv4_loop *loop, enum sigv4_level level, const char *area,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
#endif
