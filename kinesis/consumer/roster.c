/* The shards of a stream: found by listing and as children of those that end; parents come first.
 */
#include "base/fail.h"
#include "base/text.h"
#include "consumer/consumer.h"

static struct kinesis__reader *find(struct kinesis_consumer *c, struct sigv4_slice shard_id)
{
    for (struct kinesis__reader *r = c->readers; r; r = r->next)
        if (sigv4__equal_str(shard_id, r->shard_id))
            return r;
    return NULL;
}

static bool is_chosen(const struct kinesis_consumer *c, struct sigv4_slice shard_id)
{
    for (size_t i = 0; i < c->options.shard_count; i++)
        if (sigv4__equal_str(shard_id, c->shard_ids[i]))
            return true;
    return c->options.shard_count == 0;
}

static bool may_start(struct kinesis_consumer *c, const struct kinesis__reader *r)
{
    for (size_t i = 0; i < 2; i++) {
        struct kinesis__reader *parent = find(c, sigv4_str(r->parents[i]));
        if (parent && parent->state != KINESIS__ENDED)
            return false;
    }
    return true;
}

static bool has_more(const struct kinesis_consumer *c, const struct kinesis__reader *r)
{
    bool rests = r->state == KINESIS__WAITING && r->at_tip;
    return r->state != KINESIS__ENDED && !(rests && (c->options.flags & KINESIS_STOP_AT_TIP));
}

void kinesis__roster_review(struct kinesis_consumer *c)
{
    bool more = c->listing;
    for (struct kinesis__reader *r = c->readers; r; r = r->next) {
        if (r->state == KINESIS__BLOCKED && !c->stopping && may_start(c, r))
            kinesis__reader_start(r);
        more = more || has_more(c, r);
    }
    if (!more)
        kinesis__consumer_stop(c);
}

static void add(struct kinesis_consumer *c, struct sigv4_slice shard_id,
                const struct sigv4_slice parents[2])
{
    struct kinesis__reader *r = NULL;
    struct sigv4_error err;
    if (!is_chosen(c, shard_id) || find(c, shard_id))
        return;
    if (kinesis__reader_new(&r, c, shard_id)) {
        sigv4__fail(&err, SIGV4_E_NOMEM, "no memory for another shard");
        kinesis__consumer_fail(c, &err, "");
        return;
    }
    for (size_t i = 0; i < 2; i++)
        sigv4__fixed_copy(r->parents[i], sizeof r->parents[i], parents[i]);
    r->from_oldest = c->listed;
    struct kinesis__reader **end = &c->readers;
    while (*end)
        end = &(*end)->next;
    *end = r;
    kinesis__consumer_tell(r, KINESIS_SHARD_FOUND, NULL);
}

/* Read from now on, a shard that is closed already has nothing to say. */
static bool is_past(const struct kinesis_consumer *c, const struct kinesis_shard *shard)
{
    return !c->listed && c->options.start == KINESIS_FROM_NOW && shard->ending_sequence_number.len;
}

static int check_chosen(struct kinesis_consumer *c, struct sigv4_error *err)
{
    for (size_t i = 0; i < c->options.shard_count; i++)
        if (!find(c, sigv4_str(c->shard_ids[i])))
            return sigv4__fail(err, SIGV4_E_NOT_FOUND, "stream %.140s has no shard %.128s",
                               c->stream, c->shard_ids[i]);
    return SIGV4_OK;
}

static void list_page(struct kinesis_consumer *c, struct sigv4_slice token);

static void on_page(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct kinesis_consumer *c = ctx;
    struct sigv4_error err;
    sigv4_call_release(c->list_call);
    c->list_call = NULL;
    c->listing = false;
    if (result->error) {
        if (!c->stopping)
            kinesis__consumer_fail(c, result->error, result->response->host);
    } else {
        for (size_t i = 0; i < result->shard_count; i++) {
            const struct kinesis_shard *s = kinesis_list_shards_at(result, i);
            struct sigv4_slice parents[2] = {s->parent_shard_id, s->adjacent_parent_shard_id};
            if (!is_past(c, s))
                add(c, s->shard_id, parents);
        }
        if (result->next_token.len && !c->stopping)
            list_page(c, result->next_token);
        else if (!c->listed && check_chosen(c, &err) && c->options.start != KINESIS_FROM_NOW)
            kinesis__consumer_fail(c, &err, "");
    }
    if (!c->listing && !c->stopping) {
        c->listed = true;
        if (c->list_again) {
            c->list_again = false;
            kinesis__roster_list(c);
        }
        kinesis__roster_review(c);
    }
    kinesis__consumer_came_back(c);
}

static void list_page(struct kinesis_consumer *c, struct sigv4_slice token)
{
    struct sigv4_error err;
    bool by_time = c->options.start == KINESIS_FROM_TIME && !c->listed;
    c->listing = true;
    kinesis__consumer_expect(c);
    int rc = kinesis_list_shards(
        c->client,
        KINESIS_LIST_SHARDS(.stream = c->stream, .next_token = token,
                            .filter = by_time ? KINESIS_SHARDS_FROM_TIMESTAMP : KINESIS_SHARDS_ALL,
                            .filter_unix_ms = c->options.start_unix_ms),
        on_page, c, &c->list_call, &err);
    if (rc) {
        c->listing = false;
        kinesis__consumer_fail(c, &err, "");
        kinesis__consumer_came_back(c);
    }
}

void kinesis__roster_list(struct kinesis_consumer *c)
{
    if (c->listing)
        c->list_again = true;
    else
        list_page(c, SIGV4_LIT(""));
}

void kinesis__roster_ended(struct kinesis__reader *r, const struct kinesis_child_shard *children,
                           size_t count)
{
    struct kinesis_consumer *c = r->consumer;
    for (size_t i = 0; i < count; i++) {
        struct sigv4_slice parents[2] = {children[i].parents[0], SIGV4_LIT("")};
        if (children[i].parent_count > 1)
            parents[1] = children[i].parents[1];
        add(c, children[i].shard_id, parents);
    }
    /* Older services close a shard without naming its children. */
    if (count == 0 && c->options.shard_count == 0 && !c->stopping)
        kinesis__roster_list(c);
    kinesis__roster_review(c);
}
