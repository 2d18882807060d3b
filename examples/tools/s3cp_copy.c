/* s3cp's copies: a few tasks, each with one file at a time, fed by the finder. */
#include "interrupt.h"
#include "s3cp_command.h"
#include "s3cp_task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { USUAL_TASKS = 8, MAX_TASKS = 256, TICK_MS = 200, COUNT_AT_ONCE = 2000 };

void copies_stop(struct copies *c)
{
    if (c->stopping)
        return;
    c->stopping = true;
    finder_stop(c->finder);
    finder_stop(c->counter);
    for (size_t i = 0; i < c->task_count; i++)
        if (c->tasks[i].call)
            sigv4_call_cancel(c->tasks[i].call);
}

static struct task *free_task(struct copies *c)
{
    for (size_t i = 0; i < c->task_count; i++)
        if (!c->tasks[i].busy)
            return &c->tasks[i];
    return NULL;
}

void copies_pump(struct copies *c)
{
    struct task *t;
    if (c->pumping)
        return;
    c->pumping = true;
    while (!c->stopping && (t = free_task(c))) {
        enum found found = interrupt_was_asked() ? FOUND_LATER : finder_next(c->finder, &t->item);
        c->over = found == FOUND_ALL;
        if (found != FOUND)
            break;
        task_begin(t);
        if (c->run->hopeless)
            copies_stop(c);
    }
    c->pumping = false;
}

static void more(void *ctx)
{
    copies_pump(ctx);
}

/* On a terminal people want to know how much it will be. */
static void count_ahead(void *ctx)
{
    struct copies *c = ctx;
    struct progress *p = &c->run->progress;
    struct item item;
    enum found found = FOUND;
    for (int i = 0; i < COUNT_AT_ONCE && p->shows && !p->counted && found == FOUND; i++) {
        found = finder_next(c->counter, &item);
        p->counted = found == FOUND_ALL;
        if (found != FOUND)
            break;
        p->files_total++;
        p->bytes_total += item.length;
        p->counted = false;
        item_free(&item);
    }
}

static bool is_over(const struct copies *c)
{
    return (c->over || c->stopping) && c->busy == 0 && finder_is_idle(c->finder) &&
           finder_is_idle(c->counter);
}

static void on_interrupt(void *loop)
{
    sigv4_loop_wake(loop);
}

/* Before its end was seen: what came is not all of it. */
static void heed_command(struct copies *c)
{
    struct sigv4_error err = {.status = SIGV4_E_IO};
    const char *how = command_failure(c->command);
    if (!how || c->stopping)
        return;
    snprintf(err.message, sizeof err.message, "%s; nothing is stored", how);
    s3cp_fail(c->run, c->run->settings->command, &err, false, "");
    copies_stop(c);
}

static bool begin_command(struct copies *c)
{
    const struct s3cp_settings *s = c->run->settings;
    struct sigv4_error err = {.status = SIGV4_E_IO};
    if (!s->command || s->dry_run)
        return true;
    c->command = command_begin(s->command, c->run->session.loop);
    if (c->command)
        return true;
    snprintf(err.message, sizeof err.message, "it cannot be run: %s", strerror(errno));
    s3cp_fail(c->run, s->command, &err, false, "");
    return false;
}

static void drive(struct copies *c)
{
    struct sigv4_loop *loop = c->run->session.loop;
    copies_pump(c);
    while (!is_over(c)) {
        sigv4_loop_run(loop, TICK_MS);
        heed_command(c);
        if (interrupt_was_asked() || c->run->hopeless)
            copies_stop(c);
        if (c->over && c->busy == 0)
            finder_stop(c->counter);
        count_ahead(c);
        progress_show(&c->run->progress);
    }
    progress_hide(&c->run->progress);
    interrupt_forget();
}

/* One call for all files of a copy: a sync of each would wait for the disk each time. */
static void sync_target(struct copies *c, const struct location *target)
{
    if (!c->many || c->run->settings->fsync || c->run->settings->dry_run || target->remote ||
        target->pipe || !c->run->succeeded)
        return;
    int fd = open(target->path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && syncfs(fd))
        fprintf(stderr, "s3cp: cannot sync %s: %s\n", target->path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

static size_t count_tasks(const struct s3cp *run)
{
    const char *text =
        sigv4_client_profile_block(run->session.client, "s3", "max_concurrent_requests");
    unsigned long n = text ? strtoul(text, NULL, 10) : USUAL_TASKS; /* libs3 has checked it */
    return run->settings->jobs ? run->settings->jobs : n < MAX_TASKS ? n : MAX_TASKS;
}

static bool set_up(struct copies *c, size_t count, const struct location *target)
{
    struct finder_order order = {.run = c->run,
                                 .sources = c->sources,
                                 .count = count,
                                 .target = target,
                                 .more = more,
                                 .ctx = c};
    c->task_count = target->pipe ? 1 : count_tasks(c->run);
    c->tasks = calloc(c->task_count, sizeof *c->tasks);
    c->finder = finder_new(&order);
    order.counts_only = true;
    order.more = count_ahead;
    c->counter = finder_new(&order);
    for (size_t i = 0; c->tasks && i < c->task_count; i++)
        c->tasks[i].all = c;
    return c->tasks && c->finder && c->counter;
}

int s3cp_copy(struct s3cp *run, struct location *sources, size_t count, struct location *target)
{
    struct copies c = {.run = run, .sources = sources};
    c.many = count > 1 || run->settings->recursive;
    if (set_up(&c, count, target)) {
        interrupt_watch(on_interrupt, run->session.loop);
        if (begin_command(&c)) {
            drive(&c);
            sync_target(&c, target);
        }
    } else {
        s3cp_fail(run, "cannot begin", &(struct sigv4_error){.status = SIGV4_E_NOMEM}, false, "");
    }
    command_release(c.command);
    finder_free(c.finder);
    finder_free(c.counter);
    free(c.tasks);
    return interrupt_was_asked() && c.stopping ? EXIT_INTERRUPTED : s3cp_end(run);
}
