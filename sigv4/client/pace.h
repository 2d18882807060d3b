#ifndef CLIENT_PACE_H
#define CLIENT_PACE_H
/* The adaptive mode's limit on how often requests are sent: a token bucket whose rate falls with
 * each throttle and comes back along a cubic curve. Pure: the caller tells the time. Rules: facts,
 * 7.2. */
#include <stdbool.h>
#include <stdint.h>

struct sigv4__pace {
    bool on;                                /* from the first throttle on */
    double rate, capacity, tokens;          /* per second; the most there may be; there are now */
    double filled_s;                        /* when tokens was counted */
    double measured;                        /* what was really sent, per second, smoothed */
    double bucket_s;                        /* start of the half second that is being counted */
    uint32_t sent;                          /* in it */
    double last_max, throttled_s, window_s; /* the curve: its plateau, start, and way to it */
};
void sigv4__pace_init(struct sigv4__pace *p, int64_t now_ms);
/* 0: one may be sent now. Else the milliseconds to wait before asking again. */
uint32_t sigv4__pace_take(struct sigv4__pace *p, int64_t now_ms);
/* An answer came: was it a throttle? */
void sigv4__pace_answered(struct sigv4__pace *p, int64_t now_ms, bool throttled);

/* The two rules the rate follows; they touch last_max, throttled_s and window_s only. */
double sigv4__pace_lower(struct sigv4__pace *p, double rate, double now_s);
double sigv4__pace_raise(struct sigv4__pace *p, double now_s);
#endif
