/* The VPC's networks by IMDS (facts 10.2): macs, and of each its IPv4 and IPv6 blocks. */
#include "diagnose/vpc.h"

#include "base/fail.h"
#include "base/text.h"
#include "config/proxy.h"
#include "credentials/metadata.h"
#include "diagnose/thread.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_MACS = 4, MAX_PATH = 128 };
static const char folder[] = "/latest/meta-data/network/interfaces/macs/";

struct sigv4__vpc {
    struct sigv4__metadata_ask *ask;
    struct sigv4__metadata_place place;
    pthread_t thread;
    double until_ms;
    char macs[MAX_MACS][24];
    unsigned mac_count, step; /* step: two per mac */
    bool done;
    char networks[256];
};

/* What is kept during a question begins with the ask, and leads back. */
struct asking {
    struct sigv4__metadata_ask ask;
    struct sigv4__vpc *vpc;
};

static bool of_set(struct sigv4_slice s, const char *allowed)
{
    const char *p = s.ptr;
    for (size_t i = 0; i < s.len; i++)
        if (!p[i] || !strchr(allowed, p[i]))
            return false;
    return s.len > 0;
}

static struct sigv4_slice next_line(struct sigv4_slice *rest)
{
    size_t n = sigv4__find(*rest, '\n');
    struct sigv4_slice line = sigv4__trim(sigv4__first(*rest, n));
    *rest = sigv4__from(*rest, n + 1);
    return line;
}

void sigv4__vpc_add(struct sigv4_slice lines, char *networks, size_t cap)
{
    while (lines.len) {
        struct sigv4_slice line = next_line(&lines);
        size_t used = strlen(networks);
        bool network =
            of_set(line, "0123456789abcdefABCDEF.:/") && sigv4__find(line, '/') < line.len;
        if (!network || used + line.len + 2 > cap)
            continue;
        snprintf(networks + used, cap - used, "%s%.*s", used ? " " : "", (int)line.len,
                 (const char *)line.ptr);
    }
}

bool sigv4__vpc_contains(const char *networks, const char *address)
{
    struct sigv4_url url = {.host = sigv4_str(address)};
    return sigv4__no_proxy_covers(sigv4_str(networks), &url);
}

static void ask_next(struct sigv4__vpc *v);

static void got_networks(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct sigv4__vpc *v = ((struct asking *)ask)->vpc;
    if (answer->err.status == SIGV4_OK)
        sigv4__vpc_add(answer->body, v->networks, sizeof v->networks);
    v->step++;
    ask_next(v);
}

static void got_macs(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct sigv4__vpc *v = ((struct asking *)ask)->vpc;
    struct sigv4_slice rest = answer->err.status ? SIGV4_LIT("") : answer->body;
    while (rest.len && v->mac_count < MAX_MACS) {
        struct sigv4_slice mac = next_line(&rest);
        mac = sigv4__first(mac, sigv4__find(mac, '/'));
        if (mac.len < sizeof *v->macs && of_set(mac, "0123456789abcdefABCDEF:"))
            sigv4__fixed_copy(v->macs[v->mac_count++], sizeof *v->macs, mac);
    }
    ask_next(v);
}

static void ask_next(struct sigv4__vpc *v)
{
    char path[MAX_PATH];
    const char *block = v->step % 2 ? "vpc-ipv6-cidr-blocks" : "vpc-ipv4-cidr-blocks";
    v->done = v->step >= 2 * v->mac_count || sigv4__now_ms() >= v->until_ms;
    if (v->done)
        return;
    snprintf(path, sizeof path, "%s%s/%s", folder, v->macs[v->step / 2], block);
    v->done = sigv4__metadata_get(v->ask, path, got_networks) != SIGV4_OK;
}

/* On a loop of its own: whoever asks for a diagnosis may have none. */
static void ask(struct sigv4__vpc *v, struct sigv4_loop *loop)
{
    struct sigv4__errand *list = NULL;
    struct sigv4__metadata_session session;
    void *memory;
    if (sigv4__errand_new(&memory, sizeof(struct asking), &list, sigv4_loop_alloc(loop), loop))
        return;
    struct asking *asking = memory;
    asking->vpc = v;
    asking->ask.session = &session;
    asking->ask.place = v->place;
    v->ask = &asking->ask;
    sigv4__metadata_session_init(&session, sigv4_loop_alloc(loop));
    v->done = sigv4__metadata_get(v->ask, folder, got_macs) != SIGV4_OK;
    while (!v->done) {
        if (sigv4__now_ms() >= v->until_ms)
            sigv4__errands_cancel(list);
        (void)sigv4_loop_run(loop, 20);
    }
    sigv4__metadata_session_free(&session);
    sigv4__errand_drop(&asking->ask.errand);
}

static void *run(void *ctx)
{
    struct sigv4__vpc *v = ctx;
    struct sigv4_loop *loop;
    if (sigv4_loop_new(&loop, NULL, NULL) == SIGV4_OK) {
        ask(v, loop);
        sigv4_loop_free(loop);
    }
    return NULL;
}

struct sigv4__vpc *sigv4__vpc_start(const struct sigv4__config *config)
{
    struct sigv4__vpc *v = calloc(1, sizeof *v);
    if (!v || sigv4__metadata_place(config, &v->place, NULL)) {
        free(v);
        return NULL;
    }
    v->place.connect_timeout_ms = SIGV4__VPC_CONNECT_MS;
    v->place.timeout_ms = SIGV4__VPC_MS;
    v->place.attempts = 1;
    v->until_ms = sigv4__now_ms() + SIGV4__VPC_MS;
    if (sigv4__thread_start(&v->thread, run, v, false)) {
        free(v);
        return NULL;
    }
    return v;
}

void sigv4__vpc_finish(struct sigv4__vpc *v, char *networks, size_t cap)
{
    networks[0] = '\0';
    if (!v)
        return;
    pthread_join(v->thread, NULL);
    sigv4__fixed_copy(networks, cap, sigv4_str(v->networks));
    free(v);
}
