/* A command as a source. We hold the writing end of its pipe, too, so that its reader sees no end
 * before the command's status is known. */
#include "s3cp_command.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct command {
    pthread_mutex_t mutex; /* of what is changed here by both threads */
    struct sigv4_loop *loop;
    int holders;  /* the one who waits for the command, and the one who began it */
    pid_t pid;    /* 0: reaped */
    int held;     /* the writing end */
    char how[64]; /* written before failed */
    atomic_bool failed;
};

/* The last one frees it. */
static void let_go(struct command *c, bool wakes, bool forgets)
{
    pthread_mutex_lock(&c->mutex);
    if (forgets)
        c->loop = NULL;
    if (forgets && c->pid)
        kill(c->pid, SIGTERM); /* nobody reads what it prints */
    if (wakes && c->loop)
        sigv4_loop_wake(c->loop);
    bool last = --c->holders == 0;
    pthread_mutex_unlock(&c->mutex);
    if (!last)
        return;
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

static void explain(struct command *c, int status)
{
    if (WIFSIGNALED(status))
        snprintf(c->how, sizeof c->how, "it was ended by signal %d", WTERMSIG(status));
    else
        snprintf(c->how, sizeof c->how, "it ended with status %d", WEXITSTATUS(status));
    atomic_store(&c->failed, true);
}

static void *wait_for_it(void *ctx)
{
    struct command *c = ctx;
    int status = 0;
    siginfo_t info;
    while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    pthread_mutex_lock(&c->mutex);
    waitpid(c->pid, &status, 0);
    c->pid = 0;
    pthread_mutex_unlock(&c->mutex);
    if (status)
        explain(c, status);
    else
        close(c->held);
    let_go(c, status != 0, false);
    return NULL;
}

/* 0 or errno. What we ignore and block is not the command's business. */
static int spawn(pid_t *pid, const char *text, int output)
{
    char sh[] = "sh", option[] = "-c", *const words[] = {sh, option, (char *)(uintptr_t)text, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    extern char **environ;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setsigmask(&attributes, &none);
    int error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!error)
        error = posix_spawn(pid, "/bin/sh", &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool begin(struct command *c, const char *text, int input)
{
    pthread_t thread;
    pid_t pid = 0;
    errno = spawn(&pid, text, c->held);
    if (errno || dup2(input, STDIN_FILENO) < 0)
        return false;
    c->pid = pid;
    c->holders++;
    errno = pthread_create(&thread, NULL, wait_for_it, c);
    if (errno == 0)
        pthread_detach(thread);
    else
        c->holders--;
    return errno == 0;
}

struct command *command_begin(const char *text, struct sigv4_loop *loop)
{
    int ends[2];
    struct command *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    pthread_mutex_init(&c->mutex, NULL);
    c->loop = loop;
    c->holders = 1;
    if (pipe2(ends, O_CLOEXEC) == 0) {
        c->held = ends[1];
        bool well = begin(c, text, ends[0]);
        int error = errno;
        close(ends[0]);
        errno = error;
        if (well)
            return c;
    }
    int error = errno;
    command_release(c);
    errno = error;
    return NULL;
}

void command_release(struct command *c)
{
    if (c)
        let_go(c, false, true);
}

const char *command_failure(const struct command *c)
{
    return c && atomic_load(&c->failed) ? c->how : NULL;
}
