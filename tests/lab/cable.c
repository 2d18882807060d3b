/* A long cable between two network namespaces: what goes in at one end comes out at the other a
 * configured time later and no faster than a configured rate. The kernel's own netem is not
 * everywhere.
 *
 *   lab-cable NAMESPACE-A NAMESPACE-B FILE
 *
 * makes a TUN interface "cable" in both. FILE holds the delay of one direction in microseconds and
 * the rate in bits per second (0: none); SIGHUP reads it again. Its first line on stdout says that
 * the interfaces are there. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX  2048     /* the interfaces keep the usual 1500 */
#define QUEUE_MAX   16384    /* packets in flight in one direction, then the newest are lost */
#define BACKLOG_NS  50000000 /* a rate that is too low loses what would wait longer than this */
#define WAKING_NS   500000   /* the most that is believed to be needed for waking up */
#define WAKING_UP   500      /* by which that belief is corrected: it settles where one waking */
#define WAKING_DOWN 2000     /* in five is quicker, because quickest packets are looked at */
#define AWAKE_NS    100000   /* so long it waits awake, and more where waking up takes its time */

struct packet {
    int64_t due;
    size_t len;
    unsigned char bytes[PACKET_MAX];
};

struct direction {
    int in, out;
    struct packet *queue; /* a ring, in order of due times */
    size_t first, count;
    int64_t wire_free; /* when the wire has sent all that was put on it */
    int64_t last_due;  /* a shorter delay must not overtake */
};

struct pace {
    int64_t delay_ns;
    int64_t rate;
    int64_t waking_ns; /* what waking up takes when it goes well */
};

static volatile sig_atomic_t read_again;

static void on_hangup(int number)
{
    (void)number;
    read_again = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "lab-cable: %s: %s\n", what, strerror(errno));
    return -1;
}

static int open_end(const char *name)
{
    char path[256];
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(path, sizeof path, "/run/netns/%s", name);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        return fail(path);
    close(space);
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail("/dev/net/tun");
    snprintf(request.ifr_name, sizeof request.ifr_name, "cable");
    return ioctl(fd, TUNSETIFF, &request) == 0 ? fd : fail("TUNSETIFF");
}

static bool read_pace(const char *path, struct pace *pace)
{
    long long delay_us = 0, rate = 0;
    FILE *file = fopen(path, "re");
    bool good = file != NULL && fscanf(file, "%lld %lld", &delay_us, &rate) == 2 && delay_us >= 0 &&
                rate >= 0;
    if (file != NULL)
        fclose(file);
    if (good) {
        pace->delay_ns = delay_us * 1000;
        pace->rate = rate;
    }
    return good;
}

/* When a packet that is read now comes out, or -1 when it is lost. It arrived before this process
 * woke up. */
static int64_t due_time(struct direction *d, const struct pace *pace, size_t len)
{
    int64_t now = now_ns(), sent = now;
    if (pace->rate > 0) {
        if (d->wire_free < now)
            d->wire_free = now;
        if (d->wire_free - now > BACKLOG_NS)
            return -1;
        d->wire_free += (int64_t)len * 8 * INT64_C(1000000000) / pace->rate;
        sent = d->wire_free;
    }
    int64_t due = sent - pace->waking_ns + pace->delay_ns;
    d->last_due = due > d->last_due ? due : d->last_due;
    return d->last_due;
}

static void take_in(struct direction *d, const struct pace *pace)
{
    for (;;) {
        unsigned char lost[PACKET_MAX];
        bool full = d->count == QUEUE_MAX;
        struct packet *p = &d->queue[(d->first + d->count) % QUEUE_MAX];
        ssize_t n = read(d->in, full ? lost : p->bytes, PACKET_MAX);
        if (n <= 0)
            return;
        p->len = full ? p->len : (size_t)n;
        int64_t due = full ? -1 : due_time(d, pace, (size_t)n);
        if (due >= 0) {
            p->due = due;
            d->count++;
        }
    }
}

static void give_out(struct direction *d)
{
    while (d->count > 0 && d->queue[d->first].due <= now_ns()) {
        struct packet *p = &d->queue[d->first];
        if (write(d->out, p->bytes, p->len) < 0 && errno != EAGAIN && errno != EIO)
            fail("write");
        d->first = (d->first + 1) % QUEUE_MAX;
        d->count--;
    }
}

/* Until when poll may sleep: shortly before the first packet of either direction is due. From then
 * on it only looks. */
static int64_t sleep_until(const struct direction d[2], const struct pace *pace)
{
    int64_t due = INT64_MAX;
    for (size_t i = 0; i < 2; i++)
        if (d[i].count > 0 && d[i].queue[d[i].first].due < due)
            due = d[i].queue[d[i].first].due;
    return due == INT64_MAX ? due : due - 2 * pace->waking_ns - AWAKE_NS;
}

/* Step by step: a long wait for a core, now and then, says nothing about the others. */
static void learn_waking(struct pace *pace, int64_t late)
{
    pace->waking_ns += late > pace->waking_ns ? WAKING_UP : -WAKING_DOWN;
    pace->waking_ns = pace->waking_ns < 0           ? 0
                      : pace->waking_ns > WAKING_NS ? WAKING_NS
                                                    : pace->waking_ns;
}

static int wait_for_packets(const struct direction d[2], struct pace *pace)
{
    struct pollfd fds[2] = {{.fd = d[0].in, .events = POLLIN}, {.fd = d[1].in, .events = POLLIN}};
    int64_t until = sleep_until(d, pace), rest = until - now_ns();
    struct timespec t = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000}, at_once = {0};
    sigset_t none;
    sigemptyset(&none);
    int ready = ppoll(fds, 2, until == INT64_MAX ? NULL : rest > 0 ? &t : &at_once, &none);
    if (ready == 0 && rest > 0)
        learn_waking(pace, now_ns() - until);
    return ready;
}

/* A wire does not wait for a turn on a core. Where it may not be so, it is less exact. */
static void hurry(void)
{
    const struct sched_param first = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO, &first))
        fail("real-time priority");
    if (prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL))
        fail("timer slack");
}

static void carry(struct direction d[2], const char *path, struct pace *pace)
{
    for (;;) {
        if (wait_for_packets(d, pace) < 0 && errno != EINTR) {
            fail("poll");
            return;
        }
        if (read_again) {
            read_again = 0;
            if (!read_pace(path, pace))
                fail(path);
        }
        for (size_t i = 0; i < 2; i++) {
            take_in(&d[i], pace);
            give_out(&d[i]);
        }
    }
}

int main(int argc, char **argv)
{
    struct direction d[2] = {0};
    struct pace pace = {0};
    struct sigaction action = {.sa_handler = on_hangup};
    sigset_t hangup;
    if (argc != 4 || !read_pace(argv[3], &pace)) {
        fputs("usage: lab-cable NAMESPACE-A NAMESPACE-B FILE\n", stderr);
        return 2;
    }
    /* Only ppoll lets the signal in, so that none is missed. */
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, NULL);
    sigaction(SIGHUP, &action, NULL);
    int a = open_end(argv[1]), b = a < 0 ? -1 : open_end(argv[2]);
    if (b < 0)
        return 1;
    d[0].in = d[1].out = a;
    d[0].out = d[1].in = b;
    for (size_t i = 0; i < 2; i++) {
        d[i].queue = malloc(QUEUE_MAX * sizeof *d[i].queue);
        if (d[i].queue == NULL)
            return 1;
    }
    hurry();
    puts("lab-cable: ready");
    fflush(stdout);
    carry(d, argv[3], &pace);
    return 1;
}
