/* The region of an EC2 instance, by IMDS: placement/region, or the zone without its last letter. */
#include "credentials/imds.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "credentials/metadata.h"
#include "transport/loop.h"

struct looking {
    struct sigv4__metadata_ask ask; /* first */
    struct sigv4_job job;
    struct sigv4__errand *list;
    struct sigv4__metadata_session session;
    sigv4__region_fn *done;
    void *ctx;
    char name[64];
    struct sigv4_error err;
};

static void drop(struct looking *self)
{
    sigv4__metadata_session_free(&self->session);
    sigv4__errand_drop(&self->ask.errand);
}

static void deliver(struct sigv4_job *job)
{
    struct looking *self = (void *)((char *)job - offsetof(struct looking, job));
    struct sigv4_loop *loop = self->ask.errand.loop;
    bool failed = self->err.status != SIGV4_OK;
    self->done(self->ctx, sigv4_str(failed ? "" : self->name), failed ? &self->err : NULL);
    drop(self);
    sigv4__loop_owe(loop, -1);
}

static void notify(struct looking *self)
{
    sigv4_loop_notify(self->ask.errand.loop, &self->job);
}

/* Takes the name when it is one. */
static void accept(struct looking *self, struct sigv4_slice name)
{
    const char *p = name.ptr;
    bool valid = name.len > 0 && name.len < sizeof self->name;
    for (size_t i = 0; valid && i < name.len; i++)
        valid = sigv4__is_alnum(p[i]) || p[i] == '-';
    if (valid)
        sigv4__fixed_copy(self->name, sizeof self->name, name);
    else
        sigv4__fail(&self->err, SIGV4_E_PROTOCOL, "IMDS: what it says is no region");
}

static void got_zone(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct looking *self = (struct looking *)ask;
    struct sigv4_slice zone = sigv4__trim(answer->body);
    self->err = answer->err;
    if (!self->err.status)
        accept(self, sigv4__first(zone, zone.len ? zone.len - 1 : 0));
    notify(self);
}

static void got_region(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct looking *self = (struct looking *)ask;
    self->err = answer->err;
    if (answer->http_status == 404) {
        int status =
            sigv4__metadata_get(ask, "/latest/meta-data/placement/availability-zone", got_zone);
        if (status == SIGV4_OK)
            return;
        sigv4__fail(&self->err, status, "IMDS: %s", sigv4_status_text(status));
    } else if (!self->err.status) {
        accept(self, sigv4__trim(answer->body));
    }
    notify(self);
}

int sigv4__imds_region(struct sigv4_loop *loop, const struct sigv4__config *config,
                       sigv4__region_fn *done, void *ctx)
{
    struct sigv4__errand *list = NULL;
    void *memory;
    int status =
        sigv4__errand_new(&memory, sizeof(struct looking), &list, sigv4_loop_alloc(loop), loop);
    if (status)
        return status;
    struct looking *self = memory;
    self->list = list;
    self->ask.errand.at = &self->list; /* a list of one, of its own */
    self->job.run = deliver;
    self->done = done;
    self->ctx = ctx;
    sigv4__metadata_session_init(&self->session, sigv4_loop_alloc(loop));
    self->ask.session = &self->session;
    status = sigv4__metadata_place(config, &self->ask.place, &self->err);
    if (status == SIGV4_OK) {
        status = sigv4__metadata_get(&self->ask, "/latest/meta-data/placement/region", got_region);
        if (status) {
            drop(self);
            return status;
        }
    } else {
        notify(self);
    }
    sigv4__loop_owe(loop, 1);
    return SIGV4_OK;
}
