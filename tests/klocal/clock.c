/* Service time, wall time, and their spellings. */
#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_service_ms(const struct clock *clock)
{
    int64_t held = atomic_load(&clock->held_ms);
    return (held ? held : real_ms()) + atomic_load(&clock->advance_ms);
}

void clock_hold(struct clock *clock, bool hold)
{
    atomic_store(&clock->held_ms, hold ? real_ms() : 0);
}

int64_t clock_wall_ms(const struct clock *clock)
{
    return real_ms() + atomic_load(&clock->skew_ms);
}

static struct tm split(int64_t ms)
{
    time_t seconds = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

void clock_format_basic(int64_t ms, char out[17])
{
    struct tm tm = split(ms);
    strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

void clock_format_http(int64_t ms, char out[30])
{
    struct tm tm = split(ms);
    strftime(out, 30, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

void clock_format_iso_seconds(int64_t ms, char out[21])
{
    struct tm tm = split(ms);
    strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void clock_format_iso(int64_t ms, char out[25])
{
    struct tm tm = split(ms);
    strftime(out, 21, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + 19, 6, ".%03dZ", (int)((ms % 1000 + 1000) % 1000));
}

static bool parse(const char *text, const char *format, int64_t *ms)
{
    struct tm tm = {0};
    const char *end = strptime(text, format, &tm);
    if (end == NULL || *end != '\0')
        return false;
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

bool clock_parse_basic(const char *text, int64_t *ms)
{
    if (strlen(text) != 16 || strspn(text, "0123456789") != 8)
        return false;
    return parse(text, "%Y%m%dT%H%M%SZ", ms);
}

bool clock_parse_http(const char *text, int64_t *ms)
{
    return parse(text, "%a, %d %b %Y %H:%M:%S GMT", ms);
}
