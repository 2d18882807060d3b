/* Every typed call against klocal, over real HTTP: what is written is read back to the byte, and
 * the whole life of a stream. */
#include "base/text.h"

#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "wire/local_service.h"

static struct local_service service;
static struct sigv4_loop *loop;
static struct sigv4_client *client;
static struct sigv4_error err;

/* What the last answer said, copied. */
static struct {
    unsigned answers;
    struct sigv4_error error;
    char text[8][2100];
    int64_t number[4];
} seen;

static void keep(int slot, struct sigv4_slice s)
{
    snprintf(seen.text[slot], sizeof seen.text[slot], "%.*s", (int)s.len, (const char *)s.ptr);
}

static void begin_answer(const struct sigv4_error *error)
{
    unsigned answers = seen.answers;
    memset(&seen, 0, sizeof seen);
    seen.answers = answers + 1;
    if (error)
        seen.error = *error;
}

/* Waits for the call that was started; returns its status. */
static int finish(int status, struct sigv4_call *call)
{
    if (status)
        fail_msg("refused: %s", err.message);
    unsigned before = seen.answers;
    assert_int_equal(sigv4_call_wait(call, 60000), SIGV4_OK);
    sigv4_call_release(call);
    assert_int_equal(seen.answers, before + 1);
    return seen.error.status;
}

static void succeed(int status, struct sigv4_call *call)
{
    if (finish(status, call))
        fail_msg("%s: %s", seen.error.code, seen.error.message);
}

static void on_done(void *ctx, const struct kinesis_done_result *r)
{
    (void)ctx;
    begin_answer(r->error);
}

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    keep(0, r->shard_id);
    keep(1, r->sequence_number);
}

static void on_iterator(void *ctx, const struct kinesis_get_shard_iterator_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    keep(0, r->shard_iterator);
}

static const char *iterator(const char *stream, const char *shard)
{
    static char text[600];
    struct sigv4_call *call = NULL;
    int status = kinesis_get_shard_iterator(
        client, KINESIS_GET_SHARD_ITERATOR(.stream = stream, .shard_id = sigv4_str(shard)),
        on_iterator, NULL, &call, &err);
    succeed(status, call);
    snprintf(text, sizeof text, "%.590s", seen.text[0]);
    return text;
}

/* ---- records ---- */

struct sample {
    struct sigv4_slice key, data;
};
enum { SAMPLES = 9 };
static struct sample samples[SAMPLES];
static char all_bytes[256], large[1048576 - 300], long_key[1024];

static void make_samples(void)
{
    for (size_t i = 0; i < sizeof all_bytes; i++)
        all_bytes[i] = (char)i;
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (char)(i * 2654435761u >> 11);
    for (size_t i = 0; i < sizeof long_key; i += 4)
        memcpy(long_key + i, "\xf0\x9f\x98\x80", 4);
    struct sample made[SAMPLES] = {
        {SIGV4_LIT("k"), SIGV4_LIT("")},
        {SIGV4_LIT("k"), SIGV4_LIT("x")},
        {SIGV4_LIT("a \"quoted\" \\ key"), SIGV4_LIT("\n\r\t\b\f")},
        {SIGV4_LIT("\x01\x1f\x7f"), SIGV4_LIT("control")},
        {SIGV4_LIT("\xc3\xa9\xe2\x82\xac"), SIGV4_LIT("latin and euro")},
        {sigv4_bytes(long_key, sizeof long_key), SIGV4_LIT("256 faces")},
        {SIGV4_LIT("all"), sigv4_bytes(all_bytes, sizeof all_bytes)},
        {SIGV4_LIT("large"), sigv4_bytes(large, sizeof large)},
        {SIGV4_LIT("/+=%"), SIGV4_LIT("the end")},
    };
    memcpy(samples, made, sizeof samples);
}

static void on_samples(void *ctx, const struct kinesis_get_records_result *r)
{
    size_t *next = ctx;
    begin_answer(r->error);
    keep(0, r->next_shard_iterator);
    for (size_t i = 0; i < r->record_count; i++, ++*next) {
        const struct kinesis_got_record *record = kinesis_get_records_at(r, i);
        assert_true(*next < SAMPLES);
        assert_true(sigv4__equal(record->partition_key, samples[*next].key));
        assert_true(sigv4__equal(record->data, samples[*next].data));
        assert_true(record->sequence_number.len > 0);
        assert_true(record->arrived_unix_ms > 1600000000000);
    }
    assert_null(kinesis_get_records_at(r, r->record_count));
}

/* Reads the shard until all samples were seen. */
static void read_samples(const char *stream)
{
    size_t next = 0;
    char at[600];
    snprintf(at, sizeof at, "%s", iterator(stream, "shardId-000000000000"));
    for (int i = 0; next < SAMPLES && i < 20; i++) {
        struct sigv4_call *call = NULL;
        int status =
            kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(at)),
                                on_samples, &next, &call, &err);
        succeed(status, call);
        snprintf(at, sizeof at, "%.590s", seen.text[0]);
    }
    assert_int_equal(next, SAMPLES);
}

static void one_by_one(void **state)
{
    (void)state;
    char before[200] = "";
    for (size_t i = 0; i < SAMPLES; i++) {
        struct sigv4_call *call = NULL;
        int status = kinesis_put_record(
            client,
            KINESIS_PUT_RECORD(.stream = "one", .partition_key = samples[i].key,
                               .data = samples[i].data,
                               .sequence_number_for_ordering = sigv4_str(before)),
            on_put, NULL, &call, &err);
        succeed(status, call);
        assert_string_equal(seen.text[0], "shardId-000000000000");
        snprintf(before, sizeof before, "%.190s", seen.text[1]);
    }
    read_samples("one");
}

static void on_put_many(void *ctx, const struct kinesis_put_records_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    seen.number[0] = (int64_t)r->entry_count;
    seen.number[1] = r->failed_count;
    for (size_t i = 0; i < r->entry_count; i++) {
        const struct kinesis_put_outcome *outcome = kinesis_put_records_at(r, i);
        assert_true(outcome->sequence_number.len && !outcome->error_code.len);
    }
    assert_null(kinesis_put_records_at(r, r->entry_count));
}

static void many_at_once(void **state)
{
    (void)state;
    struct kinesis_put_entry entries[SAMPLES];
    struct sigv4_call *call = NULL;
    for (size_t i = 0; i < SAMPLES; i++)
        entries[i] = KINESIS_PUT_ENTRY(.partition_key = samples[i].key, .data = samples[i].data);
    int status = kinesis_put_records(
        client, KINESIS_PUT_RECORDS(.stream = "many", .entries = entries, .entry_count = SAMPLES),
        on_put_many, NULL, &call, &err);
    succeed(status, call);
    assert_int_equal(seen.number[0], SAMPLES);
    assert_int_equal(seen.number[1], 0);
    read_samples("many");
}

static void on_count(void *ctx, const struct kinesis_get_records_result *r)
{
    size_t *total = ctx;
    begin_answer(r->error);
    keep(0, r->next_shard_iterator);
    for (size_t i = 0; i < r->record_count; i++)
        *total += kinesis_get_records_at(r, i)->data.len;
}

/* As much as one call takes: 500 records, 10 MiB with their keys, and all of it comes back. */
static void as_much_as_one_call_takes(void **state)
{
    (void)state;
    static struct kinesis_put_entry entries[500];
    size_t size = 10485760 / 500 - 3, total = 0;
    struct sigv4_call *call = NULL;
    for (size_t i = 0; i < 500; i++)
        entries[i] = KINESIS_PUT_ENTRY(.partition_key = SIGV4_LIT("key"),
                                       .data = sigv4_bytes(large + i, size));
    int status = kinesis_put_records(
        client, KINESIS_PUT_RECORDS(.stream = "full", .entries = entries, .entry_count = 500),
        on_put_many, NULL, &call, &err);
    succeed(status, call);
    assert_int_equal(seen.number[0], 500);
    char at[600];
    snprintf(at, sizeof at, "%s", iterator("full", "shardId-000000000000"));
    for (int i = 0; total < size * 500 && i < 20; i++) {
        status = kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(at)),
                                     on_count, &total, &call, &err);
        succeed(status, call);
        snprintf(at, sizeof at, "%.590s", seen.text[0]);
    }
    assert_int_equal(total, size * 500);
}

/* ---- the life of a stream ---- */

static void on_summary(void *ctx, const struct kinesis_describe_stream_summary_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    keep(0, r->status);
    keep(1, r->stream_arn);
    keep(2, r->mode);
    seen.number[0] = r->open_shard_count;
    seen.number[1] = r->retention_hours;
}

static int describe(const char *stream)
{
    struct sigv4_call *call = NULL;
    int status = kinesis_describe_stream_summary(
        client, KINESIS_DESCRIBE_STREAM_SUMMARY(.stream = stream), on_summary, NULL, &call, &err);
    return finish(status, call);
}

static void on_shards(void *ctx, const struct kinesis_list_shards_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    for (size_t i = 0; i < r->shard_count; i++) {
        const struct kinesis_shard *shard = kinesis_list_shards_at(r, i);
        size_t n = strlen(seen.text[0]);
        snprintf(seen.text[0] + n, sizeof seen.text[0] - n, "%s%.*s%s", n ? " " : "",
                 (int)shard->shard_id.len - 18, (const char *)shard->shard_id.ptr + 18,
                 shard->ending_sequence_number.len ? "!" : "");
    }
    keep(1, r->next_token);
}

/* The last two digits of all shards, closed ones marked, by pages of two. */
static const char *list(const char *stream)
{
    static char all[500];
    char token[2100] = "";
    all[0] = '\0';
    do {
        struct sigv4_call *call = NULL;
        int status = kinesis_list_shards(
            client,
            KINESIS_LIST_SHARDS(.stream = stream, .max_results = 2, .next_token = sigv4_str(token)),
            on_shards, NULL, &call, &err);
        succeed(status, call);
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%.400s", n ? " " : "", seen.text[0]);
        snprintf(token, sizeof token, "%s", seen.text[1]);
    } while (token[0]);
    return all;
}

static void on_end(void *ctx, const struct kinesis_get_records_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    seen.number[0] = (int64_t)r->next_shard_iterator.len;
    seen.number[1] = (int64_t)r->child_count;
    for (size_t i = 0; i < r->child_count; i++) {
        const struct kinesis_child_shard *child = kinesis_get_records_child_at(r, i);
        assert_int_equal(child->parent_count, 1);
        assert_true(sigv4__equal_str(child->parents[0], "shardId-000000000000"));
        keep((int)i, child->shard_id);
    }
}

static void the_life_of_a_stream(void **state)
{
    (void)state;
    struct sigv4_call *call = NULL;
    int status =
        kinesis_create_stream(client, KINESIS_CREATE_STREAM(.stream = "life", .shard_count = 1),
                              on_done, NULL, &call, &err);
    succeed(status, call);
    assert_int_equal(describe("life"), SIGV4_OK);
    assert_string_equal(seen.text[0], "ACTIVE");
    assert_string_equal(seen.text[1], "arn:aws:kinesis:us-east-1:123456789012:stream/life");
    assert_string_equal(seen.text[2], "PROVISIONED");
    assert_int_equal(seen.number[0], 1);
    assert_int_equal(seen.number[1], 24);
    assert_string_equal(list("life"), "00");

    status = kinesis_split_shard(client,
                                 KINESIS_SPLIT_SHARD(.stream = "life",
                                                     .shard_id = SIGV4_LIT("shardId-000000000000"),
                                                     .new_starting_hash_key = SIGV4_LIT("1000")),
                                 on_done, NULL, &call, &err);
    succeed(status, call);
    assert_string_equal(list("life"), "00! 01 02");
    const char *at =
        iterator("arn:aws:kinesis:us-east-1:123456789012:stream/life", "shardId-000000000000");
    status = kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = sigv4_str(at)),
                                 on_end, NULL, &call, &err);
    succeed(status, call);
    assert_int_equal(seen.number[0], 0);
    assert_int_equal(seen.number[1], 2);
    assert_string_equal(seen.text[0], "shardId-000000000001");

    status = kinesis_merge_shards(
        client,
        KINESIS_MERGE_SHARDS(.stream = "life", .shard_id = SIGV4_LIT("shardId-000000000001"),
                             .adjacent_shard_id = SIGV4_LIT("shardId-000000000002")),
        on_done, NULL, &call, &err);
    succeed(status, call);
    assert_string_equal(list("life"), "00! 01! 02! 03");

    status = kinesis_delete_stream(client, KINESIS_DELETE_STREAM(.stream = "life"), on_done, NULL,
                                   &call, &err);
    succeed(status, call);
    assert_int_equal(describe("life"), SIGV4_E_NOT_FOUND);
    assert_string_equal(seen.error.code, "ResourceNotFoundException");
    assert_int_equal(seen.error.http_status, 400);
    assert_true(seen.error.request_id[0] != '\0');
}

static void on_consumer(void *ctx, const struct kinesis_stream_consumer_result *r)
{
    (void)ctx;
    begin_answer(r->error);
    keep(0, r->consumer_name);
    keep(1, r->consumer_arn);
    keep(2, r->status);
    keep(3, r->stream_arn);
}

static void consumers(void **state)
{
    (void)state;
    static const char arn[] = "arn:aws:kinesis:us-east-1:123456789012:stream/one";
    char consumer[300];
    struct sigv4_call *call = NULL;
    int status = kinesis_register_stream_consumer(
        client, KINESIS_STREAM_CONSUMER(.stream_arn = arn, .consumer_name = "app"), on_consumer,
        NULL, &call, &err);
    succeed(status, call);
    assert_string_equal(seen.text[0], "app");
    snprintf(consumer, sizeof consumer, "%.290s", seen.text[1]);
    assert_int_equal(strncmp(consumer, arn, sizeof arn - 1), 0);
    status = kinesis_describe_stream_consumer(
        client, KINESIS_STREAM_CONSUMER(.consumer_arn = consumer), on_consumer, NULL, &call, &err);
    succeed(status, call);
    assert_string_equal(seen.text[2], "ACTIVE");
    assert_string_equal(seen.text[3], arn);
    status = kinesis_deregister_stream_consumer(
        client, KINESIS_STREAM_CONSUMER(.consumer_arn = consumer), on_done, NULL, &call, &err);
    succeed(status, call);
    status = kinesis_describe_stream_consumer(
        client, KINESIS_STREAM_CONSUMER(.stream_arn = arn, .consumer_name = "app"), on_consumer,
        NULL, &call, &err);
    assert_int_equal(finish(status, call), SIGV4_E_NOT_FOUND);
}

static void what_the_service_refuses(void **state)
{
    (void)state;
    struct sigv4_call *call = NULL;
    int status =
        kinesis_put_record(client,
                           KINESIS_PUT_RECORD(.stream = "absent", .partition_key = SIGV4_LIT("k"),
                                              .data = SIGV4_LIT("x")),
                           on_put, NULL, &call, &err);
    assert_int_equal(finish(status, call), SIGV4_E_NOT_FOUND);
    status = kinesis_get_shard_iterator(
        client,
        KINESIS_GET_SHARD_ITERATOR(.stream = "one", .shard_id = SIGV4_LIT("shardId-000000000009")),
        on_iterator, NULL, &call, &err);
    assert_int_equal(finish(status, call), SIGV4_E_NOT_FOUND);
    status = kinesis_get_records(client, KINESIS_GET_RECORDS(.shard_iterator = SIGV4_LIT("AAAA")),
                                 on_count, NULL, &call, &err);
    assert_int_not_equal(finish(status, call), SIGV4_OK);
    assert_string_equal(seen.error.code, "InvalidArgumentException");
    /* Above the stream's 1 MiB, below the 10 MiB of the library: the service decides. */
    static char two[2 << 20];
    status = kinesis_put_record(client,
                                KINESIS_PUT_RECORD(.stream = "one", .partition_key = SIGV4_LIT("k"),
                                                   .data = sigv4_bytes(two, sizeof two)),
                                on_put, NULL, &call, &err);
    assert_int_not_equal(finish(status, call), SIGV4_OK);
    assert_int_equal(seen.error.http_status, 400);
}

static int start_service(void **state)
{
    (void)state;
    const char *args[] = {"--stream", "one", "--stream", "many", "--stream", "full", NULL};
    make_samples();
    if (!local_service_start(&service, args))
        return -1;
    return sigv4_loop_new(&loop, NULL, &err) || sigv4_client_new(&client, loop, NULL, &err);
}

static int stop_service(void **state)
{
    (void)state;
    sigv4_client_free(client);
    sigv4_loop_free(loop);
    local_service_stop(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(as_much_as_one_call_takes),
        cmocka_unit_test(the_life_of_a_stream),
        cmocka_unit_test(consumers),
        cmocka_unit_test(what_the_service_refuses),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
