/* The S3 client: held by its operations, closed on the loop, and a memory for regions. */
#include "object/client.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "object/operation.h"
#include "object/profile.h"

static void client_destroy(struct s3_client *c)
{
    for (size_t i = 0; i < S3__REGIONS_KNOWN; i++)
        sigv4__string_free(c->alloc, c->regions[i].bucket);
    sigv4__alloc_put(c->alloc, c, sizeof *c);
}

void s3__client_hold(struct s3_client *client)
{
    atomic_fetch_add(&client->holders, 1);
}

void s3__client_unhold(struct s3_client *client)
{
    if (atomic_fetch_sub(&client->holders, 1) == 1)
        client_destroy(client);
}

static void run_close(struct sigv4_job *job)
{
    struct s3_client *c = (struct s3_client *)((char *)job - offsetof(struct s3_client, close_job));
    s3__operations_cancel(c);
    s3__client_unhold(c);
}

int s3_client_new(struct s3_client **out, struct sigv4_client *base,
                  const struct s3_client_options *opts, struct sigv4_error *err)
{
    struct s3_client_options none = S3_CLIENT_OPTIONS;
    if (!base)
        return sigv4__fail(err, SIGV4_E_INVALID, "an S3 client needs a sigv4 client");
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(sigv4_client_loop(base));
    struct s3_client *c = sigv4__alloc_zero(alloc, 1, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "no memory for an S3 client");
    c->base = base;
    c->loop = sigv4_client_loop(base);
    c->alloc = alloc;
    c->options = opts ? *opts : none;
    int status = s3__profile_apply(c, err);
    if (status) {
        client_destroy(c);
        return status;
    }
    if (c->options.max_requests == 0)
        c->options.max_requests = 8;
    if (c->options.max_buffered_bytes == 0)
        c->options.max_buffered_bytes = UINT64_C(32) << 20;
    s3__pool_init(&c->requests, c, c->options.max_requests);
    s3__pool_init(&c->buffers, c, c->options.max_buffered_bytes);
    c->close_job.run = run_close;
    atomic_init(&c->holders, 1);
    *out = c;
    return SIGV4_OK;
}

void s3_client_free(struct s3_client *client)
{
    if (!client)
        return;
    atomic_store(&client->closing, true);
    if (sigv4_loop_check(client->loop))
        s3__client_unhold(client);
    else
        sigv4_loop_post(client->loop, &client->close_job);
}

struct sigv4_client *s3_client_base(const struct s3_client *client)
{
    return client->base;
}

static struct s3__known_region *find(const struct s3_client *client, const char *bucket)
{
    for (size_t i = 0; i < S3__REGIONS_KNOWN; i++)
        if (client->regions[i].bucket && strcmp(client->regions[i].bucket, bucket) == 0)
            return (struct s3__known_region *)&client->regions[i];
    return NULL;
}

const char *s3__client_region(const struct s3_client *client, const char *bucket)
{
    const struct s3__known_region *known = find(client, bucket);
    return known ? known->region : NULL;
}

void s3__client_learn_region(struct s3_client *client, const char *bucket, const char *region)
{
    struct s3__known_region *known = find(client, bucket);
    if (!known) {
        char *copy = sigv4__string_copy(client->alloc, sigv4_str(bucket));
        if (!copy)
            return;
        known = &client->regions[client->next_region++ % S3__REGIONS_KNOWN];
        sigv4__string_free(client->alloc, known->bucket);
        known->bucket = copy;
    }
    sigv4__fixed_copy(known->region, sizeof known->region, sigv4_str(region));
}

int s3__client_is_plain(struct s3_client *client, bool *plain, struct sigv4_error *err)
{
    struct sigv4_client_facts facts = {.size = sizeof facts};
    int status = sigv4_client_facts(client->base, "S3", &facts, err);
    if (status)
        return status;
    /* Only an endpoint someone gave has another scheme than https. */
    *plain =
        sigv4__equal_nocase(sigv4__first(sigv4_str(facts.endpoint_url), 7), SIGV4_LIT("http://"));
    return SIGV4_OK;
}
