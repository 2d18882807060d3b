/* Listings: pages inside, entries outside; and deleting what was found. */
#include "flow/s3_stage.h"

struct walk {
    struct ended end; /* first */
    char seen[512];
    int pause_at, stop_at, calls;
};

static enum sigv4_flow note(struct walk *w, struct sigv4_slice name, const char *mark)
{
    w->calls++;
    if (w->calls == w->pause_at)
        return SIGV4_PAUSE;
    if (w->calls == w->stop_at)
        return SIGV4_STOP;
    size_t used = strlen(w->seen);
    snprintf(w->seen + used, sizeof w->seen - used, "%.*s%s ", (int)name.len,
             (const char *)name.ptr, mark);
    return SIGV4_GO_ON;
}

static enum sigv4_flow on_entry(void *ctx, const struct s3_list_entry *entry)
{
    return note(ctx, entry->key, entry->is_prefix ? "(prefix)" : "");
}

static enum sigv4_flow on_bucket(void *ctx, const struct s3_bucket_entry *bucket)
{
    return note(ctx, bucket->name, "");
}

static struct s3_list listing(struct walk *w)
{
    return (struct s3_list){.size = sizeof(struct s3_list),
                            .bucket = "bucket",
                            .prefix = "a/ b",
                            .delimiter = "/",
                            .on_entry = on_entry,
                            .on_done = note_end,
                            .ctx = w};
}

#define PAGE(inside)                                                                               \
    "<ListBucketResult><EncodingType>url</EncodingType>" inside "</ListBucketResult>"
#define MORE(token)                                                                                \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"
#define KEY(key)  "<Contents><Key>" key "</Key><Size>1</Size></Contents>"
#define FIRST_URL HOST "/?list-type=2&encoding-type=url&prefix=a%2F%20b&delimiter=%2F"

static void script_two_pages(struct stage *s)
{
    fake_script(s->fake, (struct fake_answer){.times = 1,
                                              .body = PAGE(KEY("one") KEY("t+w%2Fo") MORE("n/+"))});
    fake_script(s->fake,
                (struct fake_answer){.body = PAGE(KEY("three") "<CommonPrefixes><Prefix>d%2F"
                                                               "</Prefix></CommonPrefixes>")});
}

static void pages_follow_each_other(void **state)
{
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list list = listing(&w);
    (void)state;
    script_two_pages(&s);
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, 0);
    assert_string_equal(w.seen, "one t w/o three d/(prefix) ");
    assert_string_equal(asked(&s, 0)->url, FIRST_URL);
    assert_string_equal(asked(&s, 1)->url, FIRST_URL "&continuation-token=n%2F%2B");
    stage_down(&s);
}

/* PAUSE: the entry is offered again, wherever it stands. */
static void pausing_loses_nothing(void **state)
{
    (void)state;
    for (int at = 1; at <= 4; at++) {
        struct stage s = stage_up(NULL);
        struct walk w = {.pause_at = at};
        struct s3_list list = listing(&w);
        struct sigv4_call *call;
        script_two_pages(&s);
        assert_int_equal(s3_list(s.s3, &list, &call, NULL), 0);
        fake_run_ms(s.fake, s.loop, 100);
        assert_int_equal(w.calls, at);
        s3_resume(s.s3, call);
        assert_int_equal(w.calls, at);
        s3_resume(s.s3, call); /* once is enough */
        stage_finish(&s, &w.end);
        assert_int_equal(w.end.status, 0);
        assert_string_equal(w.seen, "one t w/o three d/(prefix) ");
        sigv4_call_release(call);
        stage_down(&s);
    }
}

static void stopping_and_canceling(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct stage s = stage_up(NULL);
        struct walk w = {.stop_at = how == 0 ? 2 : 0, .pause_at = how == 1 ? 2 : 0};
        struct s3_list list = listing(&w);
        struct sigv4_call *call;
        fake_script(s.fake, (struct fake_answer){.delay_ms = how == 2 ? 5000 : 0,
                                                 .body = PAGE(KEY("one") KEY("two") MORE("t"))});
        assert_int_equal(s3_list(s.s3, &list, &call, NULL), 0);
        fake_run_ms(s.fake, s.loop, 100);
        if (how)
            sigv4_call_cancel(call);
        stage_finish(&s, &w.end);
        assert_int_equal(w.end.status, SIGV4_E_CANCELED);
        assert_string_equal(w.seen, how == 2 ? "" : "one ");
        assert_int_equal(fake_request_count(s.fake), 1);
        sigv4_call_release(call);
        stage_down(&s);
    }
}

static void a_broken_page_is_asked_for_again(void **state)
{
    static const char *const broken[] = {"", "<ListBucketResult><Contents><Key>one</Key>",
                                         "<html></html>", PAGE(KEY("one") KEY(""))};
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct stage s = stage_up(NULL);
        struct walk w = {.calls = 0};
        struct s3_list list = listing(&w);
        fake_script(s.fake, (struct fake_answer){.times = 1, .body = broken[i]});
        script_two_pages(&s);
        assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
        stage_finish(&s, &w.end);
        assert_int_equal(w.end.status, 0);
        assert_string_equal(w.seen, "one t w/o three d/(prefix) ");
        assert_int_equal(fake_request_count(s.fake), 3);
        stage_down(&s);
    }
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list list = listing(&w);
    fake_script(s.fake, (struct fake_answer){.body = "<html></html>"});
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, SIGV4_E_PROTOCOL);
    assert_int_equal(fake_request_count(s.fake), 3);
    stage_down(&s);
}

#define BUSY "<Error><Code>SlowDown</Code></Error>"

/* More than one request's attempts. */
static void a_busy_service_is_asked_again(void **state)
{
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list list = listing(&w);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.times = 7, .status = 503, .body = BUSY});
    script_two_pages(&s);
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, 0);
    assert_string_equal(w.seen, "one t w/o three d/(prefix) ");
    stage_down(&s);
    for (int moment = 0; moment < 10000; moment += 500) {
        struct sigv4_call *call;
        s = stage_up(NULL);
        memset(&w, 0, sizeof w);
        fake_script(s.fake, (struct fake_answer){.status = 503, .body = BUSY});
        assert_int_equal(s3_list(s.s3, &list, &call, NULL), 0);
        fake_run_ms(s.fake, s.loop, moment);
        bool late = w.end.times > 0;
        sigv4_call_cancel(call);
        stage_finish(&s, &w.end);
        if (!late)
            assert_int_equal(w.end.status, SIGV4_E_CANCELED);
        sigv4_call_release(call);
        stage_down(&s);
    }
}

static void a_page_that_leads_to_itself_ends_it(void **state)
{
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list list = listing(&w);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.body = PAGE(KEY("one") MORE("same"))});
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, SIGV4_E_PROTOCOL);
    assert_int_equal(fake_request_count(s.fake), 2);
    stage_down(&s);
}

static void a_missing_bucket(void **state)
{
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list list = listing(&w);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.status = 404,
                                             .body = "<Error><Code>NoSuchBucket</Code></Error>"});
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, SIGV4_E_NOT_FOUND);
    assert_string_equal(w.end.code, "NoSuchBucket");
    list.page_size = 1001;
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), SIGV4_E_INVALID);
    list.page_size = 0;
    list.bucket = "no/bucket";
    assert_int_equal(s3_list(s.s3, &list, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

static void buckets(void **state)
{
    struct stage s = stage_up(NULL);
    struct walk w = {.calls = 0};
    struct s3_list_buckets list = {
        .size = sizeof list, .on_bucket = on_bucket, .on_done = note_end, .ctx = &w};
    (void)state;
    fake_script(s.fake,
                (struct fake_answer){.times = 1,
                                     .body = "<ListAllMyBucketsResult><Buckets><Bucket><Name>a"
                                             "</Name></Bucket></Buckets><ContinuationToken>t"
                                             "</ContinuationToken></ListAllMyBucketsResult>"});
    fake_script(s.fake, (struct fake_answer){
                            .body = "<ListAllMyBucketsResult><Buckets><Bucket><Name>b"
                                    "</Name></Bucket></Buckets></ListAllMyBucketsResult>"});
    assert_int_equal(s3_list_buckets(s.s3, &list, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, 0);
    assert_string_equal(w.seen, "a b ");
    assert_string_equal(asked(&s, 0)->url, "https://s3.eu-central-1.amazonaws.com/");
    assert_string_equal(asked(&s, 1)->url,
                        "https://s3.eu-central-1.amazonaws.com/?continuation-token=t");
    stage_down(&s);
}

static void bucket_calls(void **state)
{
    struct stage s = stage_up(NULL);
    struct ended e = {0};
    struct s3_bucket what = {
        .size = sizeof what, .bucket = "bucket", .on_done = note_end, .ctx = &e};
    (void)state;
    fake_script(s.fake, (struct fake_answer){.method = "PUT"});
    fake_script(s.fake, (struct fake_answer){.method = "HEAD",
                                             .headers = "x-amz-bucket-region: eu-central-1\n"});
    fake_script(s.fake, (struct fake_answer){.method = "DELETE",
                                             .status = 409,
                                             .body = "<Error><Code>BucketNotEmpty</Code></Error>"});
    assert_int_equal(s3_bucket_create(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, 0);
    assert_string_equal(asked(&s, 0)->body,
                        "<CreateBucketConfiguration "
                        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>"
                        "eu-central-1</LocationConstraint></CreateBucketConfiguration>");
    memset(&e, 0, sizeof e);
    assert_int_equal(s3_bucket_head(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_string_equal(e.bucket_region, "eu-central-1");
    memset(&e, 0, sizeof e);
    assert_int_equal(s3_bucket_delete(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &e);
    assert_int_equal(e.status, SIGV4_E_CONFLICT);
    what.bucket = "Upper";
    assert_int_equal(s3_bucket_create(s.s3, &what, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

/* ---- deleting many ---- */

struct sweep {
    struct ended end; /* first */
    int told[2500], status[2500];
};

static void on_each(void *ctx, size_t index, const struct sigv4_error *error)
{
    struct sweep *w = ctx;
    assert_int_equal(w->end.times, 0);
    w->told[index]++;
    w->status[index] = error ? error->status : 0;
}

static void many_keys_in_few_requests(void **state)
{
    enum { COUNT = 2100 };
    static char names[COUNT][16];
    static const char *keys[COUNT];
    struct stage s = stage_up(NULL);
    static struct sweep w;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], i == 1500 ? "k\x01" : "k%d", i);
        keys[i] = names[i];
    }
    struct s3_delete_many what = {.size = sizeof what,
                                  .bucket = "bucket",
                                  .keys = keys,
                                  .key_count = COUNT,
                                  .on_each = on_each,
                                  .on_done = note_end,
                                  .ctx = &w};
    fake_script(s.fake,
                (struct fake_answer){
                    .method = "POST",
                    .times = 1,
                    .body = "<DeleteResult><Error><Key>k7</Key><Code>AccessDenied</Code></Error>"
                            "<Error><Key>unknown</Key><Code>AccessDenied</Code></Error>"
                            "</DeleteResult>"});
    fake_script(s.fake, (struct fake_answer){.method = "POST", .body = "<DeleteResult/>"});
    fake_script(s.fake, (struct fake_answer){.method = "DELETE", .status = 204});
    assert_int_equal(s3_delete_many(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(w.told[i], 1);
        assert_int_equal(w.status[i], i == 7 ? SIGV4_E_DENIED : 0);
    }
    assert_int_equal(fake_request_count(s.fake), 4);
    assert_string_equal(asked(&s, 0)->url, HOST "/?delete=");
    assert_string_equal(asked(&s, 2)->url, HOST "/k%01");
    assert_string_not_equal(sent(&s, 0, "Content-MD5"), "(absent)");
    assert_string_not_equal(sent(&s, 0, "x-amz-checksum-crc64nvme"), "(absent)");
    stage_down(&s);
}

static void a_failed_request_is_told_for_all_its_keys(void **state)
{
    static const char *keys[] = {"a", "b", "\x01", "c"};
    (void)state;
    for (int failing = 0; failing < 4; failing++) {
        struct stage s = stage_up(NULL);
        static struct sweep w;
        struct s3_delete_many what = {.size = sizeof what,
                                      .bucket = "bucket",
                                      .keys = keys,
                                      .key_count = 4,
                                      .on_each = on_each,
                                      .on_done = note_end,
                                      .ctx = &w};
        memset(&w, 0, sizeof w);
        if (failing == 1)
            fake_script(s.fake, (struct fake_answer){.method = "DELETE", .status = 403});
        if (failing == 2)
            fake_script(s.fake, (struct fake_answer){.method = "POST", .body = "no XML"});
        fake_script(s.fake, (struct fake_answer){.method = "POST",
                                                 .status = failing == 0 ? 403 : 200,
                                                 .body = "<DeleteResult/>",
                                                 .delay_ms = failing == 3 ? 1000 : 0});
        fake_script(s.fake, (struct fake_answer){.method = "DELETE", .status = 204});
        struct sigv4_call *call;
        assert_int_equal(s3_delete_many(s.s3, &what, &call, NULL), 0);
        if (failing == 3) {
            fake_run_ms(s.fake, s.loop, 10);
            sigv4_call_cancel(call);
        }
        stage_finish(&s, &w.end);
        sigv4_call_release(call);
        static const int status[] = {SIGV4_E_DENIED, SIGV4_E_DENIED, SIGV4_E_PROTOCOL,
                                     SIGV4_E_CANCELED};
        assert_int_equal(w.end.status, status[failing]);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(w.told[i], 1);
            assert_int_equal(w.status[i], failing == 1 && i < 2 ? 0 : status[failing]);
        }
        stage_down(&s);
    }
}

static void a_busy_service_gets_the_keys_again(void **state)
{
    static const char *keys[] = {"a", "b"};
    (void)state;
    for (int moment = 0; moment < 10000; moment += 500) {
        struct stage s = stage_up(NULL);
        static struct sweep w;
        struct sigv4_call *call;
        struct s3_delete_many what = {.size = sizeof what,
                                      .bucket = "bucket",
                                      .keys = keys,
                                      .key_count = 2,
                                      .on_each = on_each,
                                      .on_done = note_end,
                                      .ctx = &w};
        memset(&w, 0, sizeof w);
        fake_script(s.fake,
                    (struct fake_answer){.times = moment ? 0 : 7, .status = 503, .body = BUSY});
        fake_script(s.fake, (struct fake_answer){.body = "<DeleteResult/>"});
        assert_int_equal(s3_delete_many(s.s3, &what, &call, NULL), 0);
        fake_run_ms(s.fake, s.loop, moment);
        if (moment)
            sigv4_call_cancel(call);
        stage_finish(&s, &w.end);
        if (w.end.status != SIGV4_E_THROTTLED)
            assert_int_equal(w.end.status, moment ? SIGV4_E_CANCELED : 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(w.told[i], 1);
            assert_int_equal(w.status[i], w.end.status);
        }
        sigv4_call_release(call);
        stage_down(&s);
    }
}

static void nothing_to_delete(void **state)
{
    struct stage s = stage_up(NULL);
    static struct sweep w;
    const char *bad[] = {"a", ""};
    struct s3_delete_many what = {.size = sizeof what,
                                  .bucket = "bucket",
                                  .on_each = on_each,
                                  .on_done = note_end,
                                  .ctx = &w};
    (void)state;
    memset(&w, 0, sizeof w);
    assert_int_equal(s3_delete_many(s.s3, &what, NULL, NULL), 0);
    stage_finish(&s, &w.end);
    assert_int_equal(w.end.status, 0);
    what.keys = bad;
    what.key_count = 2;
    assert_int_equal(s3_delete_many(s.s3, &what, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(pausing_loses_nothing),
        cmocka_unit_test(stopping_and_canceling),
        cmocka_unit_test(a_broken_page_is_asked_for_again),
        cmocka_unit_test(a_busy_service_is_asked_again),
        cmocka_unit_test(a_page_that_leads_to_itself_ends_it),
        cmocka_unit_test(a_missing_bucket),
        cmocka_unit_test(buckets),
        cmocka_unit_test(bucket_calls),
        cmocka_unit_test(many_keys_in_few_requests),
        cmocka_unit_test(a_failed_request_is_told_for_all_its_keys),
        cmocka_unit_test(a_busy_service_gets_the_keys_again),
        cmocka_unit_test(nothing_to_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
