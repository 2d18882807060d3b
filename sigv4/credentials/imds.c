/* Keys of the role of an EC2 instance: which role, then its keys. */
#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "credentials/document.h"
#include "credentials/metadata.h"
#include "credentials/source.h"
#include "transport/loop.h"

#include <stdio.h>

#define ROLES "/latest/meta-data/iam/security-credentials/"

struct imds {
    struct sigv4__source source; /* first */
    char *profile;               /* NULL: by the environment */
    struct sigv4__metadata_session session;
};

struct asking {
    struct sigv4__metadata_ask ask; /* first */
    char source[128];               /* "IMDS role web" */
};

static void end(struct asking *asking, struct sigv4_credentials *creds,
                const struct sigv4_error *err)
{
    sigv4__errand_end(&asking->ask.errand, creds, err);
}

/* ---- the keys ---- */

/* When IMDS has nothing newer than keys that have expired, the instance goes on with them: the
 * services accept them longer than the date says (static stability). */
static int keep_alive(struct asking *asking, struct sigv4_credentials **creds,
                      struct sigv4_error *err)
{
    struct sigv4_loop *loop = asking->ask.errand.loop;
    const struct sigv4_clock *clock = sigv4_loop_clock(loop);
    const struct sigv4_random *random = sigv4_loop_random(loop);
    struct sigv4_keys keys = sigv4_credentials_keys(*creds);
    struct sigv4_credentials *longer = NULL;
    int64_t now = clock->wall_ms(clock->ctx) / 1000;
    uint32_t chance;
    if (keys.expires_unix > now)
        return SIGV4_OK;
    random->fill(random->ctx, &chance, sizeof chance);
    keys.expires_unix = now + 15 * 60 + 120 + chance % 480;
    int status = sigv4_credentials_new(&longer, &keys, &asking->ask.errand.alloc, err);
    sigv4_credentials_release(*creds);
    *creds = longer;
    if (status == SIGV4_OK)
        sigv4__loop_log(loop, SIGV4_WARN, "credentials",
                        "%s: IMDS has only expired keys; going on with them for now",
                        asking->source);
    return status;
}

static void got_keys(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct asking *asking = (struct asking *)ask;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err = answer->err;
    struct sigv4__document document = {SIGV4__DOCUMENT_IMDS, answer->body, asking->source, NULL};
    int status = err.status;
    if (status == SIGV4_OK)
        status = sigv4__document_read(&creds, &document, &ask->errand.alloc, &err);
    if (status == SIGV4_OK)
        keep_alive(asking, &creds, &err);
    end(asking, creds, &err);
}

/* ---- the role ---- */

static void got_role(struct sigv4__metadata_ask *ask, const struct sigv4__answer *answer)
{
    struct asking *asking = (struct asking *)ask;
    struct sigv4_error err = answer->err;
    struct sigv4_slice role = sigv4__first(answer->body, sigv4__find(answer->body, '\n'));
    char path[512], name[64];
    struct sigv4_text text = {path, sizeof path - 1, 0};
    role = sigv4__trim(role);
    if (answer->http_status == 404 || (!err.status && !role.len)) {
        sigv4__not_here(&err, "IMDS: this instance has no role");
        end(asking, NULL, &err);
        return;
    }
    if (err.status) {
        end(asking, NULL, &err);
        return;
    }
    sigv4__text_str(&text, ROLES);
    sigv4__text_encode(&text, role, false);
    int status = sigv4__text_status(&text);
    if (status == SIGV4_OK) {
        path[text.len] = '\0';
        sigv4__fixed_copy(name, sizeof name, role);
        snprintf(asking->source, sizeof asking->source, "IMDS role %s", name);
        status = sigv4__metadata_get(ask, path, got_keys);
    }
    if (status) {
        sigv4__fail(&err, status, "IMDS: %s", sigv4_status_text(status));
        end(asking, NULL, &err);
    }
}

static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    struct imds *self = (struct imds *)source;
    struct asking *asking = (struct asking *)errand;
    struct sigv4__config *config = NULL;
    struct sigv4__config_options options = {
        .profile = self->profile, .without_secrets = true, .alloc = &source->alloc};
    int status = sigv4__config_load(&config, &options, err);
    if (status)
        sigv4__named(err, "IMDS");
    else
        status = sigv4__metadata_place(config, &asking->ask.place, err);
    sigv4__config_free(config);
    if (status)
        return status;
    asking->ask.session = &self->session;
    status = sigv4__metadata_get(&asking->ask, ROLES, got_role);
    return status ? sigv4__fail(err, status, "IMDS: %s", sigv4_status_text(status)) : SIGV4_OK;
}

static void close_imds(struct sigv4__source *source)
{
    struct imds *self = (struct imds *)source;
    sigv4__metadata_session_free(&self->session);
    sigv4__string_free(&source->alloc, self->profile);
}

int sigv4_provider_new_imds(struct sigv4_provider **out, const char *profile,
                            const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct imds),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .close = close_imds};
    struct sigv4_provider *provider;
    void *memory;
    int status = sigv4__source_new(&provider, &memory, &kind, alloc);
    if (status)
        return status;
    struct imds *self = memory;
    sigv4__metadata_session_init(&self->session, &self->source.alloc);
    if (profile) {
        self->profile = sigv4__string_copy(&self->source.alloc, sigv4_str(profile));
        status = self->profile ? SIGV4_OK : SIGV4_E_NOMEM;
    }
    if (status)
        sigv4_provider_free(provider);
    else
        *out = provider;
    return status;
}
