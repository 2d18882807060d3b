/* A role assumed with the keys of another source (sts:AssumeRole). */
#include "base/fail.h"
#include "base/memory.h"
#include "credentials/sts.h"
#include "transport/loop.h"

struct role {
    struct sigv4__source base; /* first */
    struct sigv4_provider *source;
    const struct sigv4__config *config;
    struct sigv4__role role;
    struct sigv4__mfa mfa;
};

struct asking {
    struct sigv4__sts_ask ask; /* first */
    struct role *self;
    struct sigv4_credentials *creds; /* of the source, held; NULL before they are there */
    int64_t skew_ms;
    bool corrected; /* the clock was to blame once */
};

static void forget(struct sigv4__errand *errand)
{
    sigv4_credentials_release(((struct asking *)errand)->creds);
    sigv4__sts_ask_forget(errand);
}

static int ask(struct asking *asking, struct sigv4_error *err);

/* Signs anew when the clock was wrong. A code of a device has been used up by then. */
static bool ask_again(struct asking *asking, const struct sigv4__answer *answer)
{
    struct role *self = asking->self;
    struct sigv4_loop *loop = asking->ask.errand.loop;
    struct sigv4_error err;
    if (asking->corrected || self->role.mfa_serial ||
        !sigv4__sts_blames_clock(answer, &self->base.alloc))
        return false;
    asking->corrected = true;
    asking->skew_ms = answer->skew_ms;
    int64_t off = asking->skew_ms / 1000;
    sigv4__loop_log(loop, SIGV4_WARN, "clock",
                    "this machine's clock is %lld s %s that of STS; corrected for its requests",
                    (long long)(off < 0 ? -off : off), off < 0 ? "ahead of" : "behind");
    if (self->base.way)
        self->base.way->skew_ms = asking->skew_ms;
    return ask(asking, &err) == SIGV4_OK;
}

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct asking *asking = ctx;
    struct role *self = asking->self;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    if (ask_again(asking, answer))
        return;
    sigv4__sts_accept(&creds, answer, &self->role, &self->base.alloc, &err);
    sigv4__errand_end(&asking->ask.errand, creds, &err);
}

static int ask(struct asking *asking, struct sigv4_error *err)
{
    struct role *self = asking->self;
    struct sigv4__sts_request request = {.config = self->config,
                                         .way = self->base.way,
                                         .role = &self->role,
                                         .creds = asking->creds,
                                         .skew_ms = asking->skew_ms,
                                         .mfa = self->mfa};
    return sigv4__sts_ask(&asking->ask, &request, answered, err);
}

static void source_done(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct asking *asking = ctx;
    struct sigv4_error why;
    if (creds) {
        asking->creds = sigv4_credentials_hold(creds);
        asking->skew_ms = asking->self->base.way ? asking->self->base.way->skew_ms : 0;
        if (ask(asking, &why) == SIGV4_OK)
            return;
    }
    sigv4__errand_end(&asking->ask.errand, NULL, creds ? &why : err);
}

static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct role *self = (struct role *)source;
    struct asking *asking = (struct asking *)errand;
    asking->self = self;
    sigv4__sts_ask_init(&asking->ask);
    int status = sigv4_provider_fetch(self->source, errand->loop, source_done, asking);
    return status ? sigv4__fail(err, status, "STS: %s", sigv4_status_text(status)) : SIGV4_OK;
}

static void cancel(struct sigv4__source *source)
{
    sigv4__errands_cancel(source->errands);
    sigv4__provider_cancel(((struct role *)source)->source);
}

/* The source it stands on goes the same way. */
static void set_way(void *ctx, struct sigv4__way *way)
{
    struct role *self = ctx;
    sigv4__source_set_way(self, way);
    sigv4__provider_set_way(self->source, way);
}

static void close_role(struct sigv4__source *source)
{
    sigv4_provider_free(((struct role *)source)->source);
}

int sigv4__provider_new_role(struct sigv4_provider **out, struct sigv4_provider *source,
                             const struct sigv4__config *config, const struct sigv4__role *role,
                             const struct sigv4__mfa *mfa, const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct role),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .forget = forget,
                                                   .cancel = cancel,
                                                   .close = close_role};
    void *memory;
    int status = sigv4__source_new(out, &memory, &kind, alloc);
    if (status)
        return status;
    struct role *self = memory;
    (*out)->set_way = set_way;
    self->source = source;
    self->config = config;
    self->role = *role;
    self->mfa = *mfa;
    return SIGV4_OK;
}
