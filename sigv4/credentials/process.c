/* Keys that a program prints. */
#include "credentials/process.h"

#include "base/fail.h"
#include "base/memory.h"
#include "credentials/child.h"
#include "credentials/document.h"
#include "credentials/source.h"

#include <stdio.h>

enum { TIMEOUT_MS = 60 * 1000, MAX_COMMAND = 64 << 10 };

struct asking {
    struct sigv4__errand errand; /* first */
    struct sigv4__child *child;
    const char *account_id;
    char source[96]; /* "credential_process of profile dev" */
};

static int failed(const struct sigv4__child_result *result, const char *source,
                  struct sigv4_error *err)
{
    const char *said = result->complaint, *colon = said[0] ? ": " : "";
    if (result->status == SIGV4_E_NOMEM || result->status == SIGV4_E_CANCELED)
        return sigv4__fail(err, result->status, "%s: %s", source,
                           sigv4_status_text(result->status));
    if (result->status == SIGV4_E_TIMEOUT)
        return sigv4__unusable(err, "ProcessFailed", "%s: still running after %d s%s%s", source,
                               TIMEOUT_MS / 1000, colon, said);
    if (result->status)
        return sigv4__unusable(err, "ProcessFailed", "%s: it printed more than %d bytes", source,
                               SIGV4__CHILD_MAX_OUTPUT);
    if (result->signal)
        return sigv4__unusable(err, "ProcessFailed", "%s: killed by signal %d%s%s", source,
                               result->signal, colon, said);
    return sigv4__unusable(err, "ProcessFailed", "%s: exit code %d%s%s", source, result->exit_code,
                           colon, said);
}

static void ended(void *ctx, const struct sigv4__child_result *result)
{
    struct asking *asking = ctx;
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err;
    struct sigv4__document document = {SIGV4__DOCUMENT_PROCESS, result->output, asking->source,
                                       asking->account_id};
    if (result->status || result->exit_code != 0)
        failed(result, asking->source, &err);
    else
        sigv4__document_read(&creds, &document, &asking->errand.alloc, &err);
    sigv4__errand_end(&asking->errand, creds, &err);
}

static int run(struct asking *asking, const char *command, struct sigv4_error *err)
{
    struct sigv4__buffer text;
    char *argv[SIGV4__MAX_WORDS + 1];
    int os_errno = 0;
    sigv4__buffer_init(&text, &asking->errand.alloc, MAX_COMMAND);
    int status = sigv4__words_split(command, &text, argv);
    if (status && status != SIGV4_E_NOMEM) {
        sigv4__unusable(err, "InvalidConfiguration",
                        "%s: the command has a quote that does not end, or too many words",
                        asking->source);
        goto out;
    }
    struct sigv4__child_order order = {argv, TIMEOUT_MS, ended, asking};
    if (!status)
        status = sigv4__child_start(&asking->child, asking->errand.loop, &order, &os_errno);
    if (status == SIGV4_E_IO) {
        sigv4__unusable(err, "ProcessFailed", "%s: cannot run %.100s: %s (no shell is used)",
                        asking->source, argv[0], strerror(os_errno));
        err->os_errno = os_errno;
    } else if (status) {
        sigv4__fail(err, status, "%s: %s", asking->source, sigv4_status_text(status));
    }
out:
    sigv4__buffer_free_secret(&text); /* some put keys into command lines */
    return status;
}

static int set_out(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err)
{
    const struct sigv4__profile_source *self = (struct sigv4__profile_source *)source;
    struct asking *asking = (struct asking *)errand;
    snprintf(asking->source, sizeof asking->source, "credential_process of profile %.60s",
             self->profile);
    asking->account_id =
        sigv4__config_get(self->config, SIGV4__PROFILE, self->profile, "aws_account_id");
    return run(asking,
               sigv4__config_get(self->config, SIGV4__PROFILE, self->profile, "credential_process"),
               err);
}

static void cancel(struct sigv4__source *source)
{
    for (struct sigv4__errand *errand = source->errands; errand; errand = errand->next)
        sigv4__child_cancel(((struct asking *)errand)->child);
}

int sigv4__provider_new_process(struct sigv4_provider **out, const struct sigv4__config *config,
                                const char *profile, const struct sigv4_alloc *alloc)
{
    static const struct sigv4__source_kind kind = {.size = sizeof(struct sigv4__profile_source),
                                                   .asking_size = sizeof(struct asking),
                                                   .set_out = set_out,
                                                   .cancel = cancel};
    return sigv4__profile_source_new(out, &kind, config, profile, alloc);
}
