/* One line about all transfers. */
#include "s3cp_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { EVERY_MS = 250, WARM_UP_MS = 1500 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *progress_size(uint64_t bytes, char text[16])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes;
    size_t unit = 0;
    for (; n >= 1024 && unit < 4; unit++)
        n /= 1024;
    snprintf(text, 16, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
    return text;
}

void progress_begin(struct progress *p, bool quiet)
{
    p->shows = !quiet && isatty(STDERR_FILENO);
    p->began_ms = p->told_ms = now_ms();
}

void progress_hide(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}

static void show_rest(const struct progress *p, double rate)
{
    if (!p->counted || p->bytes_total < p->bytes_done || rate < 1)
        return;
    uint64_t s = (uint64_t)((double)(p->bytes_total - p->bytes_done) / rate + 0.5);
    if (s < 86400)
        fprintf(stderr, ", %" PRIu64 ":%02u:%02u left", s / 3600, (unsigned)(s / 60 % 60),
                (unsigned)(s % 60));
}

void progress_show(struct progress *p)
{
    char done[16], total[16], speed[16];
    int64_t now = now_ms(), passed = now - p->began_ms;
    if (!p->shows || now - p->told_ms < EVERY_MS)
        return;
    double rate = passed > 0 ? (double)p->bytes_done * 1000 / (double)passed : 0;
    p->told_ms = now;
    progress_hide(p);
    fprintf(stderr, "%s", progress_size(p->bytes_done, done));
    if (p->bytes_total)
        fprintf(stderr, " of %s%s", progress_size(p->bytes_total, total), p->counted ? "" : "+");
    fprintf(stderr, ", %s/s, %" PRIu64 " of %" PRIu64 "%s files",
            progress_size((uint64_t)rate, speed), p->files_done, p->files_total,
            p->counted ? "" : "+");
    if (passed > WARM_UP_MS)
        show_rest(p, rate);
    fflush(stderr);
    p->shown = true;
}
