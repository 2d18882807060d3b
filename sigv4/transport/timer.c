/* One-shot timers on a loop. */
#include "transport/timer.h"

#include "base/memory.h"
#include "transport/loop.h"

static bool sooner(const struct sigv4_timer *a, const struct sigv4_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

/* Joins two roots: the later one becomes the first child of the sooner. */
static struct sigv4_timer *meld(struct sigv4_timer *a, struct sigv4_timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (sooner(b, a)) {
        struct sigv4_timer *swap = a;
        a = b;
        b = swap;
    }
    b->prev = a;
    b->next = a->child;
    if (a->child)
        a->child->prev = b;
    a->child = b;
    return a;
}

/* Joins a row of siblings into one heap: in pairs, then the pairs from last to first. */
static struct sigv4_timer *meld_row(struct sigv4_timer *first)
{
    struct sigv4_timer *pairs = NULL;
    while (first) {
        struct sigv4_timer *a = first, *b = first->next;
        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    struct sigv4_timer *root = NULL;
    while (pairs) {
        struct sigv4_timer *rest = pairs->next;
        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = rest;
    }
    return root;
}

static void heap_add(struct sigv4__timers *t, struct sigv4_timer *timer)
{
    timer->child = timer->next = timer->prev = NULL;
    timer->armed = true;
    t->root = meld(t->root, timer);
}

static void heap_remove(struct sigv4__timers *t, struct sigv4_timer *timer)
{
    struct sigv4_timer *orphans = meld_row(timer->child);
    if (timer == t->root) {
        t->root = orphans;
    } else {
        if (timer->prev->child == timer)
            timer->prev->child = timer->next;
        else
            timer->prev->next = timer->next;
        if (timer->next)
            timer->next->prev = timer->prev;
        t->root = meld(t->root, orphans);
    }
    timer->child = timer->next = timer->prev = NULL;
    timer->armed = false;
}

static void due_append(struct sigv4__timers *t, struct sigv4_timer *timer)
{
    timer->due = true;
    timer->next = NULL;
    timer->prev = t->due_last;
    if (t->due_last)
        t->due_last->next = timer;
    else
        t->due_first = timer;
    t->due_last = timer;
}

static void due_remove(struct sigv4__timers *t, struct sigv4_timer *timer)
{
    if (timer->prev)
        timer->prev->next = timer->next;
    else
        t->due_first = timer->next;
    if (timer->next)
        timer->next->prev = timer->prev;
    else
        t->due_last = timer->prev;
    timer->next = timer->prev = NULL;
    timer->due = false;
}

static void disarm(struct sigv4__timers *t, struct sigv4_timer *timer)
{
    if (timer->armed)
        heap_remove(t, timer);
    else if (timer->due)
        due_remove(t, timer);
}

int64_t sigv4__timers_next(const struct sigv4__timers *t, int64_t now_ms)
{
    if (!t->root)
        return -1;
    return t->root->due_ms > now_ms ? t->root->due_ms - now_ms : 0;
}

size_t sigv4__timers_fire(struct sigv4__timers *t, int64_t now_ms)
{
    size_t fired = 0;
    while (t->root && t->root->due_ms <= now_ms) {
        struct sigv4_timer *timer = t->root;
        heap_remove(t, timer);
        due_append(t, timer);
    }
    while (t->due_first) {
        struct sigv4_timer *timer = t->due_first;
        due_remove(t, timer);
        fired++;
        timer->fire(timer->ctx);
    }
    return fired;
}

int sigv4_timer_new(struct sigv4_timer **out, struct sigv4_loop *loop, void (*fire)(void *ctx),
                    void *ctx)
{
    struct sigv4_timer *timer = sigv4__alloc_zero(sigv4_loop_alloc(loop), 1, sizeof *timer);
    if (!timer)
        return SIGV4_E_NOMEM;
    timer->loop = loop;
    timer->fire = fire;
    timer->ctx = ctx;
    *out = timer;
    return SIGV4_OK;
}

void sigv4_timer_set(struct sigv4_timer *timer, int64_t after_ms)
{
    struct sigv4__timers *t = sigv4__loop_timers(timer->loop);
    disarm(t, timer);
    if (after_ms < 0)
        return;
    const struct sigv4_clock *clock = sigv4_loop_clock(timer->loop);
    timer->due_ms = clock->mono_ms(clock->ctx) + after_ms;
    timer->order = t->order++;
    heap_add(t, timer);
}

void sigv4_timer_free(struct sigv4_timer *timer)
{
    if (!timer)
        return;
    disarm(sigv4__loop_timers(timer->loop), timer);
    sigv4__alloc_put(sigv4_loop_alloc(timer->loop), timer, sizeof *timer);
}
