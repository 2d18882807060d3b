#ifndef KBENCH_WAY_H
#define KBENCH_WAY_H
/* One way to a service: a URL, a client of its own, and the addresses it was seen to go to. */
#include "errand.h"
#include "series.h"
#include "session.h"

#include <sigv4/diagnose.h>

enum { WAY_ADDRESSES = 8 };
struct way_address {
    char text[64];
    uint64_t requests;
};
struct way {
    const char *label, *url;
    struct errand *errand;
    struct session_settings settings;
    struct session session;
    struct sigv4_diagnosis path;                 /* what the diagnosis saw before the trial */
    struct way_address addresses[WAY_ADDRESSES]; /* where the requests went */
    size_t address_count;
};

/* 0, or an exit code after a line on stderr. settings: copied, with url as the endpoint; its texts,
 * the label, url and errand are borrowed. label NULL: the host. */
int way_open(struct way *w, const char *label, const char *url, struct errand *errand,
             const struct session_settings *settings);
void way_close(struct way *w);

/* One request, waited for; fresh: on a connection of its own. false: it was not answered as it
 * should be, and failure says why. Fills the phases of the reading. */
bool way_ask(struct way *w, bool fresh, struct reading *out, struct sigv4_error *failure);

/* `parallel` full requests (at most WAY_PARALLEL) are kept under way for `seconds`. */
enum { WAY_PARALLEL = 16 };
struct way_load {
    double seconds, cpu_seconds;
    uint64_t bytes, requests, failures; /* bytes: payload that was taken or delivered */
    struct sigv4_error failure;         /* the last one */
};
void way_push(struct way *w, unsigned parallel, double seconds, struct way_load *out);
#endif
