/* Sentences, moments and spans of time. */
#include "diagnose/line.h"

#include "base/fail.h"
#include "base/moment.h"

#include <stdarg.h>
#include <stdio.h>

void sigv4__line_write(char *out, size_t cap, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sigv4__fixed_copy(out, cap, sigv4_str(line));
}

const char *sigv4__line_time(int64_t unix_seconds, char out[32])
{
    char iso[25];
    sigv4__moment_iso(unix_seconds * 1000, iso);
    snprintf(out, 32, "%.10s %.5s UTC", iso, iso + 11);
    return out;
}

const char *sigv4__line_span(int64_t ms, char out[32])
{
    static const struct {
        int64_t ms;
        const char *word;
    } units[] = {{86400000, "days"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    uint64_t span = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (span >= 2 * (uint64_t)units[i].ms || i == 3) {
            snprintf(
                out, 32, "%llu %s",
                (unsigned long long)((span + (uint64_t)units[i].ms / 2) / (uint64_t)units[i].ms),
                units[i].word);
            break;
        }
    return out;
}
