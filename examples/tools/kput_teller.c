/* Lines on their way to stdout and stderr. */
#include "kput_teller.h"

#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 500, MUCH = 1024 * 1024, LONGEST_LINE = 2048 };

void teller_init(struct teller *t)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->grown, &monotonic);
    pthread_cond_init(&t->shrunk, NULL);
    pthread_condattr_destroy(&monotonic);
}

/* ---- any thread ---- */

/* Under the mutex. */
static void append(struct teller *t, struct teller_lines *lines, const char *text, size_t len)
{
    if (lines->cap - lines->len < len) {
        size_t cap = (lines->len + len) * 2;
        char *grown = realloc(lines->text, cap);
        if (!grown) {
            t->lost = true;
            return;
        }
        lines->text = grown;
        lines->cap = cap;
    }
    memcpy(lines->text + lines->len, text, len);
    lines->len += len;
    pthread_cond_signal(&t->grown);
}

void teller_out(struct teller *t, const char *text, size_t len)
{
    pthread_mutex_lock(&t->mutex);
    append(t, &t->out, text, len);
    pthread_mutex_unlock(&t->mutex);
}

void teller_err(struct teller *t, const char *format, ...)
{
    char line[LONGEST_LINE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof line) {
        n = (int)sizeof line - 1;
        line[n - 1] = '\n';
    }
    pthread_mutex_lock(&t->mutex);
    append(t, &t->err, line, (size_t)n);
    pthread_mutex_unlock(&t->mutex);
}

void teller_touch(struct teller *t)
{
    pthread_mutex_lock(&t->mutex);
    t->touched = true;
    pthread_cond_signal(&t->grown);
    pthread_mutex_unlock(&t->mutex);
}

void teller_wait(struct teller *t)
{
    pthread_mutex_lock(&t->mutex);
    while (t->runs && t->out.len + t->err.len > MUCH)
        pthread_cond_wait(&t->shrunk, &t->mutex);
    pthread_mutex_unlock(&t->mutex);
}

/* ---- the thread, or whoever ends ---- */

static void take_away(struct teller *t)
{
    if (t->shown)
        fputs("\r\033[K", stderr);
    t->shown = false;
}

static void say(struct teller *t, const struct teller_lines *out, const struct teller_lines *err)
{
    size_t done = 0;
    while (!t->out_error && done < out->len) {
        ssize_t n = write(STDOUT_FILENO, out->text + done, out->len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            t->out_error = errno;
    }
    if (err->len) {
        take_away(t);
        fwrite(err->text, 1, err->len, stderr);
    }
}

static void show_progress(struct teller *t)
{
    char line[TERMINAL_WIDEST + 1];
    size_t cap = terminal_columns(STDERR_FILENO); /* what wraps cannot be taken away */
    if (cap > sizeof line)
        cap = sizeof line;
    if (!t->progress || !t->progress(t->ctx, line, cap))
        return;
    take_away(t);
    fputs(line, stderr);
    fflush(stderr);
    t->shown = true;
}

/* Takes what is there and says it, without the mutex, which is held before and after. */
static void say_all(struct teller *t, bool tick)
{
    struct teller_lines out = t->out, err = t->err;
    t->out = t->err = (struct teller_lines){0};
    pthread_mutex_unlock(&t->mutex);
    say(t, &out, &err);
    free(out.text);
    free(err.text);
    if (tick && t->tick)
        t->tick(t->ctx);
    if (tick)
        show_progress(t);
    pthread_mutex_lock(&t->mutex);
    pthread_cond_broadcast(&t->shrunk);
}

static struct timespec after_tick(void)
{
    struct timespec then;
    clock_gettime(CLOCK_MONOTONIC, &then);
    then.tv_nsec += (long)TICK_MS * 1000000;
    then.tv_sec += then.tv_nsec / 1000000000;
    then.tv_nsec %= 1000000000;
    return then;
}

static bool is_before(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < then->tv_sec || (now.tv_sec == then->tv_sec && now.tv_nsec < then->tv_nsec);
}

static void *talk(void *teller)
{
    struct teller *t = teller;
    struct timespec then = after_tick();
    pthread_mutex_lock(&t->mutex);
    while (!t->ending) {
        bool ticks = t->progress || t->touched;
        if (t->out.len + t->err.len == 0 && !ticks)
            pthread_cond_wait(&t->grown, &t->mutex);
        else if (t->out.len + t->err.len == 0)
            pthread_cond_timedwait(&t->grown, &t->mutex, &then);
        bool tick = ticks && !is_before(&then);
        if (tick) {
            t->touched = false;
            then = after_tick();
        }
        say_all(t, tick);
    }
    pthread_mutex_unlock(&t->mutex);
    return NULL;
}

bool teller_start(struct teller *t)
{
    t->runs = pthread_create(&t->thread, NULL, talk, t) == 0;
    return t->runs;
}

int teller_end(struct teller *t)
{
    pthread_mutex_lock(&t->mutex);
    t->ending = true;
    pthread_cond_signal(&t->grown);
    pthread_mutex_unlock(&t->mutex);
    if (t->runs)
        pthread_join(t->thread, NULL);
    t->runs = false;
    if (t->tick)
        t->tick(t->ctx);
    pthread_mutex_lock(&t->mutex);
    say_all(t, false);
    pthread_mutex_unlock(&t->mutex);
    take_away(t);
    return t->out_error;
}
