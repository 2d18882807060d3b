/* A request whose answer is lost is sent once and reported, not quietly sent again by libcurl on
 * another connection. */
#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/local_service.h"

static struct local_service service;

static void faults(const char *rules)
{
    assert_true(local_service_tell("/_klocal/faults", rules));
}

struct seen {
    int status;
    bool maybe_done, reused;
    uint32_t attempts;
    size_t records;
    char iterator[600];
};

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    struct seen *s = ctx;
    s->status = r->error ? r->error->status : 0;
    s->maybe_done = r->response->maybe_done;
    s->attempts = r->response->attempts;
    s->reused = r->response->http->reused;
    if (r->error)
        print_message("%s\n", r->error->message);
}

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *r)
{
    struct seen *s = ctx;
    assert_null(r->error);
    snprintf(s->iterator, sizeof s->iterator, "%.*s", (int)r->shard_iterator.len,
             (const char *)r->shard_iterator.ptr);
}

static void on_records(void *ctx, const struct kinesis_get_records_result *r)
{
    assert_null(r->error);
    ((struct seen *)ctx)->records = r->record_count;
}

static void finish(struct sigv4_call *call)
{
    assert_int_equal(sigv4_call_wait(call, 120000), 0);
    sigv4_call_release(call);
}

static struct seen put(struct sigv4_client *client, size_t len, uint32_t flags)
{
    static char data[400000];
    struct sigv4_call *call;
    struct seen s = {0};
    assert_int_equal(
        kinesis_put_record(client,
                           KINESIS_PUT_RECORD(.stream = "once", .partition_key = SIGV4_LIT("k"),
                                              .data = sigv4_bytes(data, len), .flags = flags),
                           on_put, &s, &call, NULL),
        0);
    finish(call);
    return s;
}

static struct seen iterate(struct sigv4_client *client)
{
    struct sigv4_call *call;
    struct seen s = {0};
    assert_int_equal(kinesis_get_shard_iterator(
                         client,
                         KINESIS_GET_SHARD_ITERATOR(.stream = "once",
                                                    .shard_id = SIGV4_LIT("shardId-000000000000"),
                                                    .type = KINESIS_TRIM_HORIZON),
                         on_iterator, &s, &call, NULL),
                     0);
    finish(call);
    return s;
}

static size_t count(struct sigv4_client *client)
{
    struct sigv4_call *call;
    struct seen s = iterate(client);
    assert_int_equal(
        kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(s.iterator)),
                            on_records, &s, &call, NULL),
        0);
    finish(call);
    return s.records;
}

static void lost(size_t len)
{
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    assert_int_equal(sigv4_client_new(&client, loop, NULL, NULL), 0);
    size_t before = count(client);
    assert_int_equal(put(client, len, KINESIS_NOT_TWICE).status, 0);
    faults("{\"rules\":[{\"fault\":\"drop_answer\",\"operation\":\"PutRecord\",\"count\":1}]}");
    struct seen s = put(client, len, KINESIS_NOT_TWICE);
    assert_int_equal(s.status, SIGV4_E_NETWORK);
    assert_true(s.maybe_done);
    assert_true(s.reused);
    assert_int_equal(s.attempts, 1);
    assert_int_equal(count(client), before + 2);
    /* Without the flag it is the exchange that repeats it, and says how often. */
    faults("{\"rules\":[{\"fault\":\"drop_answer\",\"operation\":\"PutRecord\",\"count\":1}]}");
    s = put(client, len, 0);
    assert_int_equal(s.status, 0);
    assert_int_equal(s.attempts, 2);
    assert_int_equal(count(client), before + 4);
    sigv4_client_free(client);
    sigv4_loop_free(loop);
}

static void small_bodies(void **state)
{
    (void)state;
    lost(10);
}

static void large_bodies(void **state)
{
    (void)state;
    lost(400000);
}

enum { TURNS = 60 };

/* Marks the turns whose record, "turn N", is in the stream. */
static void on_turns(void *ctx, const struct kinesis_get_records_result *r)
{
    bool *stored = ctx;
    const struct kinesis_got_record *record;
    assert_null(r->error);
    for (size_t i = 0; (record = kinesis_get_records_at(r, i)); i++)
        if (record->data.len > 5 && memcmp(record->data.ptr, "turn ", 5) == 0)
            stored[atoi((const char *)record->data.ptr + 5) % TURNS] = true;
}

static void read_turns(struct sigv4_client *client, bool *stored)
{
    struct sigv4_call *call;
    struct seen s = iterate(client);
    assert_int_equal(
        kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(s.iterator)),
                            on_turns, stored, &call, NULL),
        0);
    finish(call);
}

/* A record whose answer will be lost, and the way to it canceled after so many steps. */
static bool cancel_turn(struct sigv4_loop *loop, struct sigv4_client *client, int turn)
{
    char data[16];
    struct sigv4_call *call;
    struct seen s = {0};
    snprintf(data, sizeof data, "turn %d", turn);
    assert_int_equal(put(client, 10, 0).status, 0);
    faults("{\"rules\":[{\"fault\":\"drop_answer\",\"operation\":\"PutRecord\",\"count\":1}]}");
    assert_int_equal(
        kinesis_put_record(client,
                           KINESIS_PUT_RECORD(.stream = "once", .partition_key = SIGV4_LIT("k"),
                                              .data = sigv4_bytes(data, sizeof data),
                                              .flags = KINESIS_NOT_TWICE),
                           on_put, &s, &call, NULL),
        0);
    for (int i = 0; i < turn % 12; i++) {
        (void)sigv4_loop_run(loop, 0);
        usleep(i == 3 ? 3000 : 100); /* once long enough for the answer to be lost */
    }
    sigv4_call_cancel(call);
    finish(call);
    faults("{\"rules\":[]}");
    return s.maybe_done || s.status == 0;
}

/* Canceled at any moment, also while libcurl has just lost the answer and looks for another
 * connection: what is in the stream, however late it came there, was not said to be certainly not.
 */
static void canceled(void **state)
{
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    bool said[TURNS], stored[TURNS] = {false};
    (void)state;
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    assert_int_equal(sigv4_client_new(&client, loop, NULL, NULL), 0);
    for (int turn = 0; turn < TURNS; turn++)
        said[turn] = cancel_turn(loop, client, turn);
    usleep(100000); /* the last may still be on its way */
    read_turns(client, stored);
    for (int turn = 0; turn < TURNS; turn++)
        if (stored[turn] && !said[turn])
            fail_msg("turn %d is in the stream", turn);
    sigv4_client_free(client);
    sigv4_loop_free(loop);
}

int main(void)
{
    static const char *const args[] = {"--stream", "once", NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_bodies),
        cmocka_unit_test(large_bodies),
        cmocka_unit_test(canceled),
    };
    signal(SIGPIPE, SIG_IGN);
    if (!local_service_start(&service, args)) {
        print_message("SKIP: no klocal\n");
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    local_service_stop(&service);
    return failed;
}
