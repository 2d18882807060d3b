/* The two times klocal lives by: the service's time, which tests may push forward or hold
 * (iterators, retention, limits, expiry of credentials), and the wall time that signatures and the
 * Date header use, which a fault may skew. Milliseconds since the epoch. */
#ifndef KLOCAL_CLOCK_H
#define KLOCAL_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock {
    _Atomic int64_t advance_ms; /* service time runs ahead by this */
    _Atomic int64_t skew_ms;    /* wall time is wrong by this */
    _Atomic int64_t held_ms;    /* service time stands still at this, but for advance_ms; 0: no */
};

int64_t clock_service_ms(const struct clock *clock);
void clock_hold(struct clock *clock, bool hold);
int64_t clock_wall_ms(const struct clock *clock);

void clock_format_basic(int64_t ms, char out[17]); /* 20130524T000000Z */
void clock_format_http(int64_t ms, char out[30]);  /* Fri, 24 May 2013 00:00:00 GMT */
void clock_format_iso(int64_t ms, char out[25]);   /* 2013-05-24T00:00:00.000Z */
void clock_format_iso_seconds(int64_t ms, char out[21]);

bool clock_parse_basic(const char *text, int64_t *ms);
bool clock_parse_http(const char *text, int64_t *ms);

#endif
