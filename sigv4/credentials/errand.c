/* What every fetch over HTTP has in common. */
#include "credentials/errand.h"

#include "base/memory.h"

int sigv4__errand_new(void **out, size_t size, struct sigv4__errand **list,
                      const struct sigv4_alloc *alloc, struct sigv4_loop *loop)
{
    struct sigv4__errand *errand = sigv4__alloc_zero(alloc, 1, size);
    if (!errand)
        return SIGV4_E_NOMEM;
    errand->alloc = *alloc;
    errand->size = size;
    errand->loop = loop;
    errand->next = *list;
    errand->at = list;
    if (*list)
        (*list)->at = &errand->next;
    *list = errand;
    *out = errand;
    return SIGV4_OK;
}

int sigv4__errand_promise(struct sigv4__errand *errand, sigv4_credentials_fn *done, void *ctx)
{
    return sigv4__reply_new(&errand->reply, &errand->alloc, errand->loop, done, ctx);
}

static void answered(void *ctx, const struct sigv4__answer *answer)
{
    struct sigv4__errand *errand = ctx;
    errand->question = NULL;
    errand->answered(errand, answer);
}

int sigv4__errand_ask(struct sigv4__errand *errand, const struct sigv4__question *question,
                      sigv4__fetch_fn *fn)
{
    errand->answered = fn;
    return sigv4__fetch_start(&errand->question, errand->loop, question, answered, errand);
}

void sigv4__errand_end(struct sigv4__errand *errand, struct sigv4_credentials *creds,
                       const struct sigv4_error *err)
{
    sigv4__reply_send(errand->reply, creds, err);
    errand->reply = NULL;
    sigv4__errand_drop(errand);
}

void sigv4__errand_drop(struct sigv4__errand *errand)
{
    struct sigv4_alloc alloc = errand->alloc;
    if (errand->forget)
        errand->forget(errand);
    *errand->at = errand->next;
    if (errand->next)
        errand->next->at = errand->at;
    sigv4__reply_drop(errand->reply);
    sigv4__alloc_put(&alloc, errand, errand->size);
}

void sigv4__errands_cancel(struct sigv4__errand *list)
{
    for (struct sigv4__errand *errand = list; errand; errand = errand->next)
        if (errand->question)
            sigv4__fetch_cancel(errand->question);
}
