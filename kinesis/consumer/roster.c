/* The shards of a stream: found by listing and as children of those that end; parents come first.
 */
#include "base/fail.h"
#include "base/text.h"
#include "consumer/consumer.h"
#include "consumer/feed.h"
#include "consumer/patience.h"

enum {
    LIST_INTERVAL_MS = 500,
    MAX_LACKING = 5 /* a child is named before it can be read everywhere: no hurry */
};

struct kinesis__reader *kinesis__roster_find(const struct kinesis_consumer *c,
                                             struct sigv4_slice shard_id)
{
    size_t number = kinesis__key_table_find(&c->ids, shard_id);
    struct kinesis__reader *const *readers = (const void *)c->by_number.ptr;
    return number < c->ids.count ? readers[number] : NULL;
}

static int link_reader(struct kinesis_consumer *c, struct kinesis__reader *r)
{
    size_t number;
    int rc = sigv4__buffer_reserve(&c->by_number, sizeof r);
    if (!rc)
        rc = kinesis__key_table_add(&c->ids, sigv4_str(r->shard_id), &number);
    if (rc) {
        c->by_number.failed = SIGV4_OK;
        return rc;
    }
    sigv4__buffer_append(&c->by_number, &r, sizeof r);
    *c->readers_end = r;
    c->readers_end = &r->next;
    return SIGV4_OK;
}

static bool is_chosen(struct kinesis_consumer *c, struct sigv4_slice shard_id)
{
    bool found = c->options.shard_count == 0;
    for (size_t i = 0; i < c->options.shard_count; i++)
        if (sigv4__equal_str(shard_id, c->shard_ids[i]))
            found = c->chosen_found[i] = true;
    return found;
}

static bool may_start(struct kinesis_consumer *c, const struct kinesis__reader *r)
{
    for (size_t i = 0; i < 2; i++) {
        struct kinesis__reader *parent = kinesis__roster_find(c, sigv4_str(r->parents[i]));
        if (parent && parent->state != KINESIS__ENDED)
            return false;
    }
    return r->awaits_list <= c->lists_complete;
}

/* A child of a shard that rests waits for nothing that will come. */
static bool has_resting(const struct kinesis_consumer *c)
{
    for (const struct kinesis__reader *r = c->readers; r; r = r->next)
        if (r->rests)
            return true;
    return false;
}

/* Shards that wait for each other in a circle would wait for ever. */
static void check_progress(struct kinesis_consumer *c, bool running, bool blocked)
{
    struct sigv4_error err;
    if (c->listing || running || c->stopping)
        return;
    if (!blocked) {
        kinesis__consumer_stop(c);
        return;
    }
    sigv4__fail(&err, SIGV4_E_PROTOCOL, "stream %.140s: shards that are each other's parents",
                c->stream);
    kinesis__consumer_fail(c, &err, "");
}

void kinesis__roster_review(struct kinesis_consumer *c)
{
    bool running = false, blocked = false;
    for (struct kinesis__reader *r = c->readers; r; r = r->next) {
        if (r->state == KINESIS__BLOCKED && !c->stopping && may_start(c, r))
            kinesis__reader_start(r);
        if (r->state == KINESIS__BLOCKED)
            blocked = true;
        else if (r->state != KINESIS__ENDED && !r->rests)
            running = true;
    }
    check_progress(c, running, blocked && !has_resting(c));
}

void kinesis__roster_rests(struct kinesis__reader *r)
{
    r->rests = true;
    kinesis__roster_review(r->consumer);
}

static bool has_position(const struct kinesis_consumer *c, struct sigv4_slice shard_id)
{
    struct kinesis_position position;
    return c->positions && kinesis_checkpoint_find(c->positions, shard_id, &position);
}

/* A shard whose parents an earlier life read, or that descends from such a one. */
static bool goes_on(struct kinesis_consumer *c, const struct sigv4_slice parents[2])
{
    for (size_t i = 0; i < 2; i++) {
        const struct kinesis__reader *parent = kinesis__roster_find(c, parents[i]);
        if (has_position(c, parents[i]) || (parent && parent->from_oldest))
            return true;
    }
    return false;
}

static void set_range(struct kinesis__reader *r, struct sigv4_slice first, struct sigv4_slice last)
{
    r->range.known =
        kinesis__hash_parse(first, &r->range.first) && kinesis__hash_parse(last, &r->range.last);
}

static struct kinesis__reader *add(struct kinesis_consumer *c, struct sigv4_slice shard_id,
                                   const struct sigv4_slice parents[2])
{
    struct kinesis__reader *r = NULL;
    struct sigv4_error err;
    if (c->stopping || !is_chosen(c, shard_id) || kinesis__roster_find(c, shard_id))
        return NULL;
    int rc = shard_id.len > sizeof r->shard_id - 1 ? SIGV4_E_PROTOCOL
                                                   : kinesis__reader_new(&r, c, shard_id);
    if (!rc && (rc = link_reader(c, r)))
        kinesis__reader_free(r);
    if (rc) {
        sigv4__fail(&err, rc, "stream %.140s: %s", c->stream,
                    rc == SIGV4_E_NOMEM ? "no memory for another shard"
                                        : "a shard's name is longer than there can be");
        kinesis__consumer_fail(c, &err, "");
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        if (sigv4__equal(parents[i], shard_id))
            continue;
        sigv4__fixed_copy(r->parents[i], sizeof r->parents[i], parents[i]);
        struct kinesis__reader *parent = kinesis__roster_find(c, parents[i]);
        if (parent)
            parent->closed = true;
    }
    struct kinesis_position position;
    r->from_oldest = c->listed || goes_on(c, parents);
    if (c->positions && kinesis_checkpoint_find(c->positions, shard_id, &position))
        kinesis__reader_put(r, &position);
    r->listed_in = c->list_serial;
    if (r->state != KINESIS__ENDED)
        kinesis__consumer_tell(r, KINESIS_SHARD_FOUND, NULL);
    return r;
}

/* The first listing says what there is to read. Later ones look for the children of what is read;
 * other shards that they name were left out before, because they had ended before the start. */
static bool is_ours(struct kinesis_consumer *c, const struct kinesis_shard *shard,
                    const struct sigv4_slice parents[2])
{
    if (!c->listed)
        return c->options.start != KINESIS_FROM_NOW || !shard->ending_sequence_number.len ||
               has_position(c, shard->shard_id) || goes_on(c, parents);
    return (parents[0].len && kinesis__roster_find(c, parents[0])) ||
           (parents[1].len && kinesis__roster_find(c, parents[1]));
}

static void add_listed(struct kinesis_consumer *c, const struct kinesis_shard *s)
{
    const struct sigv4_slice parents[2] = {s->parent_shard_id, s->adjacent_parent_shard_id};
    struct kinesis__reader *known = kinesis__roster_find(c, s->shard_id);
    if (known) {
        known->listed_in = c->list_serial;
        return;
    }
    if (!is_ours(c, s, parents)) {
        (void)is_chosen(c, s->shard_id);
        return;
    }
    struct kinesis__reader *r = add(c, s->shard_id, parents);
    if (r) {
        r->closed = s->ending_sequence_number.len > 0;
        set_range(r, s->starting_hash_key, s->ending_hash_key);
    }
}

static int check_chosen(const struct kinesis_consumer *c, struct sigv4_error *err)
{
    for (size_t i = 0; i < c->options.shard_count; i++)
        if (!c->chosen_found[i])
            return sigv4__fail(err, SIGV4_E_NOT_FOUND, "stream %.140s has no shard %.128s",
                               c->stream, c->shard_ids[i]);
    return SIGV4_OK;
}

static void list_page(struct kinesis_consumer *c, struct sigv4_slice token);

static void run_list(struct sigv4_job *job)
{
    struct kinesis_consumer *c =
        (struct kinesis_consumer *)(void *)((char *)job -
                                            offsetof(struct kinesis_consumer, list_job));
    if (!c->stopping)
        list_page(c, SIGV4_LIT(""));
    kinesis__consumer_came_back(c);
}

static void on_list_timer(void *ctx)
{
    struct kinesis_consumer *c = ctx;
    kinesis__consumer_expect(c);
    sigv4_loop_notify(c->loop, &c->list_job);
}

/* Before anything was read the user wants to know at once; later, a list is worth waiting for. A
 * token that died meanwhile asks for the list from its beginning. */
static void listing_failed(struct kinesis_consumer *c, const struct sigv4_error *err,
                           const char *host)
{
    bool token_died = strcmp(err->code, "ExpiredNextTokenException") == 0;
    bool again = c->listed ? kinesis__may_pass(err) : err->status == SIGV4_E_THROTTLED;
    if (c->stopping)
        return;
    if (!again && !token_died) {
        kinesis__consumer_fail(c, err, host);
        return;
    }
    c->listing = true;
    sigv4_timer_set(c->list_timer,
                    LIST_INTERVAL_MS + kinesis__back_off_ms(c->loop, c->list_failures++));
}

/* ---- shards the service did not know ---- */

void kinesis__roster_missing(struct kinesis__reader *r)
{
    r->missing = true;
    kinesis__roster_list(r->consumer);
}

static void give_up(struct kinesis__reader *r)
{
    struct sigv4_error err;
    sigv4__fail(&err, SIGV4_E_NOT_FOUND, "stream %.140s has shard %s no longer",
                r->consumer->stream, r->shard_id);
    kinesis__reader_gone(r, &err);
}

static void look_for_missing(struct kinesis_consumer *c)
{
    for (struct kinesis__reader *r = c->readers; r && !c->stopping; r = r->next) {
        if (!r->missing)
            continue;
        r->missing = false;
        r->lacking = r->listed_in == c->list_serial ? 0 : r->lacking + 1;
        if (!r->lacking && c->consumer_arn)
            kinesis__feed_check(c);
        if (r->lacking >= MAX_LACKING && r->state == KINESIS__WAITING)
            give_up(r);
    }
}

static void list_complete(struct kinesis_consumer *c)
{
    struct sigv4_error err;
    c->list_failures = 0;
    if (!c->listed && check_chosen(c, &err)) {
        kinesis__consumer_fail(c, &err, "");
        return;
    }
    c->listed = true;
    c->lists_complete = c->list_serial;
    look_for_missing(c);
    if (c->stopping)
        return;
    if (c->list_again) {
        c->list_again = false;
        list_page(c, SIGV4_LIT(""));
    }
    kinesis__roster_review(c);
}

static void on_page(void *ctx, const struct kinesis_list_shards_result *result)
{
    struct kinesis_consumer *c = ctx;
    sigv4_call_release(c->list_call);
    c->list_call = NULL;
    c->listing = false;
    if (result->error) {
        listing_failed(c, result->error, result->response ? result->response->host : "");
    } else if (!c->stopping) {
        for (size_t i = 0; i < result->shard_count; i++)
            add_listed(c, kinesis_list_shards_at(result, i));
        if (result->next_token.len && !c->stopping)
            list_page(c, result->next_token);
        else if (!c->stopping)
            list_complete(c);
    }
    kinesis__consumer_came_back(c);
}

static void list_page(struct kinesis_consumer *c, struct sigv4_slice token)
{
    struct sigv4_error err;
    bool by_time = c->options.start == KINESIS_FROM_TIME && !c->listed && !c->positions;
    c->listing = true;
    if (!token.len)
        c->list_serial++;
    kinesis__consumer_expect(c);
    int rc = kinesis_list_shards(
        c->client,
        KINESIS_LIST_SHARDS(.stream = c->stream, .next_token = token,
                            .filter = by_time ? KINESIS_SHARDS_FROM_TIMESTAMP : KINESIS_SHARDS_ALL,
                            .filter_unix_ms = c->options.start_unix_ms),
        on_page, c, &c->list_call, &err);
    if (rc) {
        c->listing = false;
        listing_failed(c, &err, "");
        kinesis__consumer_came_back(c);
    }
}

int kinesis__roster_init(struct kinesis_consumer *c)
{
    const struct sigv4_alloc *alloc = sigv4_loop_alloc(c->loop);
    c->readers_end = &c->readers;
    c->list_job.run = run_list;
    kinesis__key_table_init(&c->ids, alloc, KINESIS__MAX_SHARDS, KINESIS__MAX_SHARD_ID);
    sigv4__buffer_init(&c->by_number, alloc,
                       KINESIS__MAX_SHARDS * sizeof(struct kinesis__reader *));
    return sigv4_timer_new(&c->list_timer, c->loop, on_list_timer, c);
}

void kinesis__roster_free(struct kinesis_consumer *c)
{
    kinesis__key_table_free(&c->ids);
    sigv4__buffer_free(&c->by_number);
}

void kinesis__roster_list(struct kinesis_consumer *c)
{
    if (c->listing)
        c->list_again = true;
    else
        list_page(c, SIGV4_LIT(""));
}

/* The other parent of a merged shard may be a child of one that is still being read. Unknown after
 * a listing means gone. */
static void await_parents(struct kinesis__reader *r)
{
    struct kinesis_consumer *c = r->consumer;
    for (size_t i = 0; i < 2 && !c->options.shard_count; i++)
        if (r->parents[i][0] && !kinesis__roster_find(c, sigv4_str(r->parents[i])))
            r->awaits_list = c->list_serial + 1;
    if (r->awaits_list && !c->stopping)
        kinesis__roster_list(c);
}

void kinesis__roster_ended(struct kinesis__reader *r, const struct kinesis_child_shard *children,
                           size_t count)
{
    struct kinesis_consumer *c = r->consumer;
    for (size_t i = 0; i < count; i++) {
        struct sigv4_slice parents[2] = {children[i].parents[0], SIGV4_LIT("")};
        if (children[i].parent_count > 1)
            parents[1] = children[i].parents[1];
        struct kinesis__reader *child = add(c, children[i].shard_id, parents);
        if (!child)
            continue;
        set_range(child, children[i].starting_hash_key, children[i].ending_hash_key);
        await_parents(child);
    }
    /* Older services close a shard without naming its children. */
    if (count == 0 && c->options.shard_count == 0 && !c->stopping)
        kinesis__roster_list(c);
    kinesis__roster_review(c);
}
