/* eventstream/smithy-go: messages that are good, header by header, and messages that are not. */
#include "base/text.h"
#include "vector_files.h"
#include "wire/base64.h"
#include "wire/event_stream.h"

#include <jansson.h>

static const char root[] = "eventstream/smithy-go";

static char *read_file(const char *folder, const char *name, size_t *n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", root, folder, name);
    return vectors_read(vectors_path(path), n);
}

static uint64_t big_endian(struct sigv4_slice s)
{
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++)
        value = value << 8 | ((const unsigned char *)s.ptr)[i];
    return value;
}

static void assert_base64(json_t *text, struct sigv4_slice bytes)
{
    char copy[1000];
    size_t n = json_string_length(text);
    assert_true(n <= sizeof copy);
    assert_true(
        kinesis__base64_decode(kinesis__base64_best(), copy, json_string_value(text), n, &n));
    assert_int_equal(n, bytes.len);
    assert_memory_equal(copy, bytes.ptr, n);
}

static void assert_header(json_t *expected, const struct kinesis__event_header *h)
{
    json_t *value = json_object_get(expected, "value");
    assert_true(sigv4__equal_str(h->name, json_string_value(json_object_get(expected, "name"))));
    assert_int_equal(h->type, json_integer_value(json_object_get(expected, "type")));
    if (json_is_string(value)) {
        assert_base64(value, h->value);
    } else if (json_is_integer(value)) {
        uint64_t mask = h->value.len == 8 ? UINT64_MAX : (1ull << (8 * h->value.len)) - 1;
        assert_true(big_endian(h->value) == ((uint64_t)json_integer_value(value) & mask));
    } else {
        assert_int_equal(h->value.len, 0);
        assert_int_equal(h->type, json_is_true(value) ? KINESIS__EVENT_TRUE : KINESIS__EVENT_FALSE);
    }
}

static void assert_event(json_t *expected, struct kinesis__event *e)
{
    json_t *headers = json_object_get(expected, "headers");
    struct kinesis__event_header h;
    struct sigv4_slice rest = e->headers;
    assert_int_equal(e->headers.len,
                     json_integer_value(json_object_get(expected, "headers_length")));
    for (size_t i = 0; i < json_array_size(headers); i++) {
        assert_true(kinesis__event_header_next(&rest, &h));
        assert_header(json_array_get(headers, i), &h);
    }
    assert_false(kinesis__event_header_next(&rest, &h));
    assert_base64(json_object_get(expected, "payload"), sigv4_bytes(e->payload, e->payload_len));
}

/* The status of reading one file as one message. */
static int read_message(const char *folder, const char *name, struct kinesis__event_stream *s,
                        struct kinesis__event *e, bool *ready, struct sigv4_error *err)
{
    size_t n;
    char *bytes = read_file(folder, name, &n);
    kinesis__event_stream_init(s, NULL);
    assert_int_equal(kinesis__event_stream_feed(s, sigv4_bytes(bytes, n)), SIGV4_OK);
    free(bytes);
    return kinesis__event_stream_next(s, e, ready, err);
}

static void try_good(const char *name)
{
    struct kinesis__event_stream s;
    struct kinesis__event e;
    struct sigv4_error err;
    bool ready;
    size_t n;
    char *text = read_file("decoded/positive", name, &n);
    json_t *expected = json_loadb(text, n, 0, NULL);
    assert_non_null(expected);
    if (read_message("encoded/positive", name, &s, &e, &ready, &err))
        fail_msg("%s: %s", name, err.message);
    assert_true(ready && kinesis__event_stream_empty(&s));
    assert_event(expected, &e);
    kinesis__event_stream_free(&s);
    json_decref(expected);
    free(text);
}

static void try_bad(const char *name)
{
    struct kinesis__event_stream s;
    struct kinesis__event e;
    struct sigv4_error err;
    bool ready;
    size_t n;
    char *text = read_file("decoded/negative", name, &n);
    assert_int_equal(read_message("encoded/negative", name, &s, &e, &ready, &err),
                     SIGV4_E_PROTOCOL);
    bool prelude = n >= 7 && memcmp(text, "Prelude", 7) == 0;
    assert_string_equal(err.message, prelude ? "event stream: the prelude's checksum is wrong"
                                             : "event stream: the message's checksum is wrong");
    kinesis__event_stream_free(&s);
    free(text);
}

static size_t for_each(const char *folder, void (*try)(const char *name))
{
    char path[512];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", root, folder);
    DIR *dir = opendir(vectors_path(path));
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        try(entry->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

static void good_and_bad_messages(void **state)
{
    (void)state;
    size_t good = for_each("encoded/positive", try_good),
           bad = for_each("encoded/negative", try_bad);
    print_message("%zu good messages, %zu bad ones\n", good, bad);
    assert_true(good > 0 && bad > 0);
}

int main(void)
{
    vectors_need(root);
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_and_bad_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
