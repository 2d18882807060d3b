/* s3_get on the fake engine: every byte once, whatever happens to the connection. */
#include "flow/s3_stage.h"

struct reader {
    struct ended end; /* first */
    char got[64];
    uint64_t next_offset, length_seen;
    int pause_at, stop_at; /* at the n-th chunk, from 1 */
    int chunks;
};

static enum sigv4_flow take(void *ctx, const struct s3_result *so_far, uint64_t offset,
                            struct sigv4_slice chunk)
{
    struct reader *r = ctx;
    r->chunks++;
    if (r->chunks == r->pause_at)
        return SIGV4_PAUSE;
    if (r->chunks == r->stop_at)
        return SIGV4_STOP;
    if (r->got[0])
        assert_int_equal(offset, r->next_offset);
    r->next_offset = offset + chunk.len;
    r->length_seen = so_far->length;
    strncat(r->got, chunk.ptr, chunk.len);
    return SIGV4_GO_ON;
}

static const struct s3_at at = {.size = sizeof at, .bucket = "bucket", .key = "k"};

static struct s3_get reading(struct reader *r)
{
    return (struct s3_get){.size = sizeof(struct s3_get),
                           .from = &at,
                           .on_chunk = take,
                           .on_done = note_end,
                           .ctx = r};
}

static void in_chunks(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "Content-Length: 11\nETag: \"e\"\n"
                                                        "x-amz-checksum-crc64nvme: jSnVw/bqjr4=\n",
                                             .body = "hello world",
                                             .chunk = 4});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, 0);
    assert_string_equal(r.got, "hello world");
    assert_int_equal(r.chunks, 3);
    assert_int_equal(r.length_seen, 11);
    assert_int_equal(r.end.length, 11);
    assert_int_equal(r.end.byte_count, 11);
    assert_string_equal(r.end.etag, "e");
    assert_string_equal(sent(&s, 0, "Range"), "(absent)");
    assert_string_equal(sent(&s, 0, "x-amz-checksum-mode"), "ENABLED");
    stage_down(&s);
}

static void collected(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    get.on_chunk = NULL;
    fake_script(s.fake, (struct fake_answer){.headers = "Content-Length: 5\nETag: \"e\"\n",
                                             .body = "hello",
                                             .chunk = 2});
    for (get.max_body = 4; get.max_body <= 5; get.max_body++) {
        memset(&r, 0, sizeof r);
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, get.max_body == 4 ? SIGV4_E_TOO_LARGE : 0);
    }
    assert_string_equal(r.end.body, "hello");
    stage_down(&s);
}

static void an_empty_object(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "Content-Length: 0\nETag: \"e\"\n"
                                                        "x-amz-checksum-crc32: AAAAAA==\n"});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, 0);
    assert_int_equal(r.chunks, 0);
    assert_string_equal(r.end.etag, "e");
    stage_down(&s);
}

static void ranges(void **state)
{
    static const struct {
        uint64_t first, count, last;
        const char *range, *answer;
    } cases[] = {
        {2, 3, 0, "bytes=2-4", "bytes 2-4/10"},
        {2, 0, 0, "bytes=2-", "bytes 2-9/10"},
        {0, 0, 3, "bytes=-3", "bytes 7-9/10"},
        {2, 100, 0, "bytes=2-101", "bytes 2-9/10"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.chunks = 0};
        struct s3_get get = reading(&r);
        char headers[256];
        unsigned first, last;
        sscanf(cases[i].answer, "bytes %u-%u", &first, &last);
        snprintf(headers, sizeof headers, "Content-Range: %s\nContent-Length: %u\nETag: \"e\"\n",
                 cases[i].answer, last - first + 1);
        fake_script(s.fake, (struct fake_answer){.status = 206,
                                                 .headers = headers,
                                                 .body = &"0123456789"[first],
                                                 .body_len = last - first + 1});
        get.first_byte = cases[i].first;
        get.byte_count = cases[i].count;
        get.last_bytes = cases[i].last;
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, 0);
        assert_string_equal(sent(&s, 0, "Range"), cases[i].range);
        assert_int_equal(r.end.first_byte, first);
        assert_int_equal(r.end.byte_count, last - first + 1);
        assert_int_equal(r.end.length, 10);
        stage_down(&s);
    }
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    get.last_bytes = get.first_byte = 1;
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), SIGV4_E_INVALID);
    get.last_bytes = 0;
    get.byte_count = UINT64_MAX;
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), SIGV4_E_INVALID);
    stage_down(&s);
}

/* Answers that are not what was asked for. */
static void wrong_answers(void **state)
{
    static const struct {
        int status;
        const char *headers;
    } cases[] = {
        {200, "Content-Length: 10\nETag: \"e\"\n"},
        {206, "Content-Length: 3\nETag: \"e\"\n"},
        {206, "Content-Range: bytes 3-5/10\nContent-Length: 3\nETag: \"e\"\n"},
        {206, "Content-Range: bytes 2-9/10\nContent-Length: 8\nETag: \"e\"\n"},
        {206, "Content-Range: bytes 2-4/10\nContent-Length: 9\nETag: \"e\"\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.chunks = 0};
        struct s3_get get = reading(&r);
        get.first_byte = 2;
        get.byte_count = 3;
        fake_script(s.fake, (struct fake_answer){.status = cases[i].status,
                                                 .headers = cases[i].headers,
                                                 .body = "234"});
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, SIGV4_E_PROTOCOL);
        assert_string_equal(r.got, "");
        stage_down(&s);
    }
}

static void a_broken_answer_is_continued(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.times = 1,
                                             .outcome = FAKE_CUT,
                                             .headers = "Content-Length: 10\nETag: \"e\"\n"
                                                        "x-amz-checksum-crc32: poTHxg==\n",
                                             .body = "0123456789"});
    fake_script(s.fake, (struct fake_answer){.times = 1,
                                             .outcome = FAKE_CUT,
                                             .status = 206,
                                             .headers = "Content-Range: bytes 5-9/10\n"
                                                        "Content-Length: 5\nETag: \"e\"\n",
                                             .body = "56789"});
    fake_script(s.fake, (struct fake_answer){.status = 206,
                                             .headers = "Content-Range: bytes 7-9/10\n"
                                                        "Content-Length: 3\nETag: \"e\"\n",
                                             .body = "789"});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_string_equal(r.end.message, "");
    assert_int_equal(r.end.status, 0);
    assert_string_equal(r.got, "0123456789");
    assert_int_equal(r.end.first_byte, 0);
    assert_int_equal(r.end.byte_count, 10);
    assert_int_equal(fake_request_count(s.fake), 3);
    assert_string_equal(sent(&s, 1, "Range"), "bytes=5-9");
    assert_string_equal(sent(&s, 1, "If-Match"), "\"e\"");
    assert_string_equal(sent(&s, 2, "Range"), "bytes=7-9");
    stage_down(&s);
}

static void a_changed_object_is_noticed(void **state)
{
    static const struct fake_answer changed[] = {
        {.status = 412, .body = "<Error><Code>PreconditionFailed</Code></Error>"},
        {.status = 206,
         .headers = "Content-Range: bytes 5-9/10\nContent-Length: 5\nETag: \"f\"\n",
         .body = "56789"},
        {.status = 206,
         .headers = "Content-Range: bytes 5-9/11\nContent-Length: 5\nETag: \"e\"\n",
         .body = "56789"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.chunks = 0};
        struct s3_get get = reading(&r);
        fake_script(s.fake, (struct fake_answer){.times = 1,
                                                 .outcome = FAKE_CUT,
                                                 .headers = "Content-Length: 10\nETag: \"e\"\n",
                                                 .body = "0123456789"});
        fake_script(s.fake, changed[i]);
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, SIGV4_E_CONFLICT);
        assert_string_equal(r.end.message, "GetObject: the object changed while it was read");
        assert_string_equal(r.got, "01234");
        stage_down(&s);
    }
}

/* Broken off again and again without a byte: an end must come. */
static void tries_are_limited(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.times = 1,
                                             .outcome = FAKE_CUT,
                                             .headers = "Content-Length: 10\nETag: \"e\"\n",
                                             .body = "0123456789"});
    fake_script(s.fake, (struct fake_answer){.outcome = FAKE_RESET});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, SIGV4_E_NETWORK);
    assert_string_equal(r.got, "01234");
    assert_int_equal(r.end.byte_count, 5);
    assert_in_range(fake_request_count(s.fake), 6, 40);
    stage_down(&s);
}

/* Without an ETag nobody knows whether the rest belongs to what came. */
static void without_etag_nothing_is_continued(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.outcome = FAKE_CUT,
                                             .headers = "Content-Length: 4\nx-amz-request-id: R\n",
                                             .body = "0123"});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, SIGV4_E_NETWORK);
    assert_int_equal(fake_request_count(s.fake), 1);
    stage_down(&s);
}

/* A page of a proxy, a hotel's login: no byte of it is taken for the object's. */
static void not_from_s3(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.chunks = 0};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake,
                (struct fake_answer){.headers = "Content-Type: text/html\nContent-Length: 6\n",
                                     .body = "<html>"});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, SIGV4_E_PROTOCOL);
    assert_string_equal(r.got, "");
    stage_down(&s);
}

static void damaged_bytes_are_noticed(void **state)
{
    static const struct {
        const char *checksum;
        bool unverified;
        int status;
    } cases[] = {
        {"x-amz-checksum-crc64nvme: AAAAAAAAAAA=\n", false, SIGV4_E_PROTOCOL},
        {"x-amz-checksum-sha256: AAAA\n", false, SIGV4_E_PROTOCOL},
        {"x-amz-checksum-crc64nvme: AAAAAAAAAAA=\n", true, 0},
        {"x-amz-checksum-crc32: AAAAAA==-3\n", false, 0},
        {"x-amz-checksum-xxhash64: AAAAAAAAAAA=\n", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.chunks = 0};
        struct s3_get get = reading(&r);
        char headers[256];
        snprintf(headers, sizeof headers, "Content-Length: 5\nETag: \"e\"\n%s", cases[i].checksum);
        fake_script(s.fake, (struct fake_answer){.headers = headers, .body = "hello"});
        get.flags = cases[i].unverified ? S3_GET_UNVERIFIED : 0;
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, cases[i].status);
        assert_string_equal(sent(&s, 0, "x-amz-checksum-mode"),
                            cases[i].unverified ? "(absent)" : "ENABLED");
        stage_down(&s);
    }
}

static void pausing(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.pause_at = 2};
    struct s3_get get = reading(&r);
    struct sigv4_call *call;
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "Content-Length: 6\nETag: \"e\"\n",
                                             .body = "abcdef",
                                             .chunk = 2});
    assert_int_equal(s3_get(s.s3, &get, &call, NULL), 0);
    fake_run_ms(s.fake, s.loop, 500);
    assert_string_equal(r.got, "ab");
    assert_int_equal(r.end.times, 0);
    s3_resume(s.s3, call);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, 0);
    assert_string_equal(r.got, "abcdef");
    s3_resume(s.s3, call); /* nothing is left to go on */
    sigv4_call_release(call);
    stage_down(&s);
}

static void stopping(void **state)
{
    struct stage s = stage_up(NULL);
    struct reader r = {.stop_at = 2};
    struct s3_get get = reading(&r);
    (void)state;
    fake_script(s.fake, (struct fake_answer){.headers = "Content-Length: 6\nETag: \"e\"\n",
                                             .body = "abcdef",
                                             .chunk = 2});
    assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
    stage_finish(&s, &r.end);
    assert_int_equal(r.end.status, SIGV4_E_CANCELED);
    assert_string_equal(r.got, "ab");
    assert_int_equal(fake_request_count(s.fake), 1);
    stage_down(&s);
}

/* In each state: asking, paused, waiting for the next try. */
static void canceling(void **state)
{
    (void)state;
    for (int moment = 0; moment < 3; moment++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.pause_at = moment == 1 ? 2 : 0};
        struct s3_get get = reading(&r);
        struct sigv4_call *call;
        fake_script(s.fake, (struct fake_answer){.times = 1,
                                                 .outcome = moment == 2 ? FAKE_CUT : FAKE_ANSWER,
                                                 .delay_ms = moment == 0 ? 1000 : 0,
                                                 .headers = "Content-Length: 6\nETag: \"e\"\n",
                                                 .body = "abcdef",
                                                 .chunk = 2});
        fake_script(s.fake, (struct fake_answer){.outcome = FAKE_SILENT});
        assert_int_equal(s3_get(s.s3, &get, &call, NULL), 0);
        if (moment == 2)
            while (r.chunks < 2)
                (void)sigv4_loop_run(s.loop, 0);
        else
            fake_run_ms(s.fake, s.loop, 10);
        sigv4_call_cancel(call);
        int64_t now = fake_now_ms(s.fake);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, SIGV4_E_CANCELED);
        assert_int_equal(fake_now_ms(s.fake), now);
        sigv4_call_release(call);
        stage_down(&s);
    }
}

static void refusals_are_told(void **state)
{
    static const struct {
        int http_status, status;
    } cases[] = {{404, SIGV4_E_NOT_FOUND}, {403, SIGV4_E_DENIED}, {412, SIGV4_E_CONFLICT}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage s = stage_up(NULL);
        struct reader r = {.chunks = 0};
        struct s3_get get = reading(&r);
        fake_script(s.fake,
                    (struct fake_answer){.status = cases[i].http_status,
                                         .body = "<Error><Code>TheCode</Code><Message>m</Message>"
                                                 "</Error>"});
        assert_int_equal(s3_get(s.s3, &get, NULL, NULL), 0);
        stage_finish(&s, &r.end);
        assert_int_equal(r.end.status, cases[i].status);
        assert_int_equal(r.end.http_status, cases[i].http_status);
        assert_string_equal(r.end.code, "TheCode");
        assert_int_equal(r.chunks, 0);
        stage_down(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_chunks),
        cmocka_unit_test(collected),
        cmocka_unit_test(an_empty_object),
        cmocka_unit_test(ranges),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(a_broken_answer_is_continued),
        cmocka_unit_test(a_changed_object_is_noticed),
        cmocka_unit_test(tries_are_limited),
        cmocka_unit_test(without_etag_nothing_is_continued),
        cmocka_unit_test(not_from_s3),
        cmocka_unit_test(damaged_bytes_are_noticed),
        cmocka_unit_test(pausing),
        cmocka_unit_test(stopping),
        cmocka_unit_test(canceling),
        cmocka_unit_test(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
