/* The adaptive mode's limit on how often requests are sent. */
#include "client/pace.h"

#include <math.h>

/* Facts, 7.2. */
static const double BETA = 0.7, SCALE = 0.4, SMOOTH = 0.8, MIN_RATE = 0.5, MIN_CAPACITY = 1.0;

static double seconds(int64_t ms)
{
    return (double)ms / 1000;
}

void sigv4__pace_init(struct sigv4__pace *p, int64_t now_ms)
{
    double now_s = seconds(now_ms);
    *p = (struct sigv4__pace){.throttled_s = now_s, .bucket_s = floor(now_s * 2) / 2};
}

static void fill(struct sigv4__pace *p, double now_s)
{
    double passed = p->filled_s > 0 ? now_s - p->filled_s : 0;
    if (passed < 0)
        return;
    p->tokens = fmin(p->capacity, p->tokens + passed * p->rate);
    p->filled_s = now_s;
}

uint32_t sigv4__pace_take(struct sigv4__pace *p, int64_t now_ms)
{
    if (!p->on)
        return 0;
    fill(p, seconds(now_ms));
    if (p->tokens < 1)
        return (uint32_t)ceil((1 - p->tokens) / p->rate * 1000);
    p->tokens -= 1;
    return 0;
}

/* Counted by half seconds, when one is over. */
static void measure(struct sigv4__pace *p, double now_s)
{
    double bucket = floor(now_s * 2) / 2;
    p->sent++;
    if (bucket <= p->bucket_s)
        return;
    double rate = p->sent / (bucket - p->bucket_s);
    p->measured = rate * SMOOTH + p->measured * (1 - SMOOTH);
    p->sent = 0;
    p->bucket_s = bucket;
}

/* How long the curve takes from the start to where it was throttled. */
static void set_window(struct sigv4__pace *p)
{
    p->window_s = cbrt(p->last_max * (1 - BETA) / SCALE);
}

double sigv4__pace_lower(struct sigv4__pace *p, double rate, double now_s)
{
    p->last_max = rate;
    p->throttled_s = now_s;
    set_window(p);
    return rate * BETA;
}

double sigv4__pace_raise(struct sigv4__pace *p, double now_s)
{
    set_window(p);
    double x = now_s - p->throttled_s - p->window_s;
    return SCALE * x * x * x + p->last_max;
}

static void set_rate(struct sigv4__pace *p, double rate, double now_s)
{
    fill(p, now_s);
    p->rate = fmax(rate, MIN_RATE);
    p->capacity = fmax(rate, MIN_CAPACITY);
}

void sigv4__pace_answered(struct sigv4__pace *p, int64_t now_ms, bool throttled)
{
    double rate, now_s = seconds(now_ms);
    measure(p, now_s);
    if (throttled) {
        rate = sigv4__pace_lower(p, p->on ? fmin(p->measured, p->rate) : p->measured, now_s);
        p->on = true;
    } else {
        rate = sigv4__pace_raise(p, now_s);
    }
    set_rate(p, fmin(rate, 2 * p->measured), now_s);
}
