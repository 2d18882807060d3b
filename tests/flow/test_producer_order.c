/* Order per partition key, whatever fails. */
#include "flow/rig_producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { KEYS = 20, PER_KEY = 30, ALL = KEYS * PER_KEY };

struct chaos {
    uint64_t seed;
    unsigned per_mille; /* of entries, and of requests */
    enum fake_answered whole;
    bool throttle;
};

static unsigned dice(struct chaos *c)
{
    c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(c->seed >> 33) % 1000;
}

static void cause(void *ctx, struct fake_put *put)
{
    struct chaos *c = ctx;
    for (size_t i = 0; i < put->count; i++)
        if (dice(c) < c->per_mille)
            put->entries[i] = c->throttle ? FAKE_THROTTLED : FAKE_INTERNAL;
    if (dice(c) < c->per_mille)
        put->answered = c->whole;
    put->delay_ms = 1 + (int)(dice(c) % 40);
}

static char keys[KEYS][8], data[ALL][16];

static void name_all(void)
{
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "key%d", i);
    for (int i = 0; i < ALL; i++)
        snprintf(data[i], sizeof data[i], "%d", i);
}

/* Acknowledged sequence numbers of each key grow from put to put. */
static void check_order(const struct rig *rig)
{
    for (int k = 0; k < KEYS; k++) {
        const char *last = "";
        size_t told = 0;
        for (size_t tag = 1 + (size_t)k; tag <= rig->count; tag += KEYS) {
            const struct rig_result *r = &rig->results[tag];
            if (r->fate != KINESIS_WRITTEN)
                continue;
            if (strcmp(r->sequence, last) <= 0)
                fail_msg("key %d: %s after %s", k, r->sequence, last);
            assert_true(told == 0 || r->order > told);
            last = r->sequence;
            told = r->order;
        }
    }
}

static void run_with(struct chaos chaos)
{
    struct rig rig;
    int rc;
    name_all();
    rig_init(&rig, ALL, 4, cause, &chaos);
    rig.options.flags = KINESIS_KEEP_ORDER | KINESIS_NO_LINGER;
    rig.options.record_deadline_ms = 300000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++) {
        assert_true(rig_put(&rig, keys[i % KEYS], data[i], &rc));
        if (i % 7 == 0)
            fake_run_ms(rig.fake, rig.loop, 3);
    }
    assert_true(rig_run(&rig));
    assert_true(rig_each_told_once(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_WRITTEN), ALL);
    check_order(&rig);
    rig_end(&rig);
}

static void order_survives_what_fails(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        run_with((struct chaos){seed, 200, FAKE_UNSENT, false});
        run_with((struct chaos){seed, 200, FAKE_DROPPED, true});
        run_with((struct chaos){seed, 50, FAKE_SWALLOWED, false});
    }
}

static void many_keys_share_requests(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    name_all();
    rig_init(&rig, ALL, 4, NULL, NULL);
    rig.options.flags = KINESIS_KEEP_ORDER | KINESIS_NO_LINGER;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++)
        rig_put(&rig, keys[i % KEYS], data[i], &rc);
    assert_true(rig_run(&rig));
    check_order(&rig);
    print_message("%u requests for %d records of %d keys\n", fake_stream_puts(rig.stream), ALL,
                  KEYS);
    assert_in_range(fake_stream_puts(rig.stream), PER_KEY, PER_KEY + 3);
    rig_end(&rig);
}

static void fail_first_key(void *ctx, struct fake_put *put)
{
    struct rig *rig = *(struct rig **)ctx;
    const struct fake_request *request = fake_request(rig->fake, fake_request_count(rig->fake) - 1);
    const char *at = request->body;
    for (size_t i = 0; i < put->count && (at = strstr(at, "\"PartitionKey\":\"")); i++, at++)
        if (strncmp(at, "\"PartitionKey\":\"key0\"", 21) == 0)
            put->entries[i] = FAKE_INTERNAL;
}

static void a_failing_key_holds_up_no_other(void **state)
{
    (void)state;
    struct rig rig, *here = &rig;
    int rc;
    name_all();
    rig_init(&rig, ALL, 4, fail_first_key, &here);
    rig.options.flags = KINESIS_KEEP_ORDER | KINESIS_NO_LINGER;
    rig.options.record_deadline_ms = 5000;
    assert_int_equal(rig_open(&rig, NULL), 0);
    for (int i = 0; i < ALL; i++)
        rig_put(&rig, keys[i % KEYS], data[i], &rc);
    fake_run_ms(rig.fake, rig.loop, 400);
    assert_int_equal(rig.told, ALL - PER_KEY);
    assert_true(rig_run(&rig));
    assert_int_equal(rig_fates(&rig, KINESIS_NOT_WRITTEN), PER_KEY);
    assert_int_equal(rig.results[1].fate, KINESIS_NOT_WRITTEN);
    assert_true(rig.results[1].attempts > 3);
    assert_int_equal(rig.results[1 + KEYS].attempts, 0);
    rig_end(&rig);
}

/* The one before has its result by its deadline, but its request is still under way: the next one
 * waits for that request, or the two might change places. */
static void swallow_first(void *ctx, struct fake_put *put)
{
    (void)ctx;
    put->delay_ms = put->number == 0 ? 3000 : 5;
}

static void the_next_waits_for_the_request_not_for_the_result(void **state)
{
    (void)state;
    struct rig rig;
    int rc;
    rig_init(&rig, 3, 4, swallow_first, NULL);
    rig.options.flags = KINESIS_KEEP_ORDER;
    rig.options.record_deadline_ms = 2000;
    rig.options.linger_ms = 1500;
    assert_int_equal(rig_open(&rig, NULL), 0);
    rig_put(&rig, "k", "first", &rc);
    fake_run_ms(rig.fake, rig.loop, 1400);
    rig_put(&rig, "other", "keeps the request alive", &rc);
    fake_run_ms(rig.fake, rig.loop, 500);
    rig_put(&rig, "k", "second", &rc);
    assert_true(rig_run(&rig));
    assert_int_equal(rig.results[1].fate, KINESIS_MAYBE_WRITTEN);
    assert_int_equal(rig.results[1].at_ms, 2000);
    assert_int_equal(rig.results[2].fate, KINESIS_MAYBE_WRITTEN);
    assert_int_equal(rig.results[3].fate, KINESIS_WRITTEN);
    print_message("second written at %d\n", (int)rig.results[3].at_ms);
    assert_true(rig.results[3].at_ms >= 3400);
    rig_end(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_survives_what_fails),
        cmocka_unit_test(many_keys_share_requests),
        cmocka_unit_test(a_failing_key_holds_up_no_other),
        cmocka_unit_test(the_next_waits_for_the_request_not_for_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
