/* The canonical request: paths, queries, headers, refusals, sizes. */
#include "edge.h"
#include "unit/sigv4/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

/* The n-th line (from 0) of the canonical request of in. */
static const char *line_of(const struct sigv4_to_sign *in, int n, char *room, size_t cap)
{
    struct sigv4_text text = {room, cap - 1, 0};
    assert_int_equal(sigv4_canonical_request(in, &text), SIGV4_OK);
    room[text.len] = '\0';
    for (; n > 0; n--)
        room = strchr(room, '\n') + 1;
    room[strcspn(room, "\n")] = '\0';
    return room;
}

static void check_path(const char *path, uint32_t flags, const char *expected)
{
    struct sigv4_header headers[4];
    char room[1024];
    struct sigv4_to_sign in = signing_request(headers);
    in.path = sigv4_str(path);
    in.flags = flags;
    assert_string_equal(line_of(&in, 1, room, sizeof room), expected);
}

static void test_paths_are_normalised_and_encoded_again(void **state)
{
    static const char *const cases[][2] = {
        {"", "/"},
        {"/", "/"},
        {"//", "/"},
        {"/.", "/"},
        {"/..", "/"},
        {"/../..", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"/a//b", "/a/b"},
        {"//a//b//", "/a/b/"},
        {"/a/./b/.", "/a/b"},
        {"/a/b/../c", "/a/c"},
        {"/a/b/../../..", "/"},
        {"/a/b/../../../c/", "/c/"},
        {"/a/..b/.c/d.", "/a/..b/.c/d."},
        {"/a b", "/a%20b"},
        {"/a%20b", "/a%2520b"},
        {"/~user-1_2.x", "/~user-1_2.x"},
        {"/\xC3\xA4", "/%C3%A4"},
        {"/%2e%2e/a", "/%252e%252e/a"},
        {"/a?b#c", "/a%3Fb%23c"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_path(cases[i][0], 0, cases[i][1]);
}

static void test_paths_of_s3_stay_as_they_are(void **state)
{
    (void)state;
    check_path("", SIGV4_S3_PATH, "/");
    check_path("/a//b/./../c%20d", SIGV4_S3_PATH, "/a//b/./../c%20d");
    check_path("/a//b/../c d", SIGV4_NO_NORMALIZE, "/a//b/../c%20d");
}

static void test_queries_are_sorted_and_encoded_once(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"lifecycle", "lifecycle="},
        {"a=", "a="},
        {"=v", "=v"},
        {"&&a=1&", "a=1"},
        {"b=2&a=1", "a=1&b=2"},
        {"a=2&a=1&a", "a=&a=1&a=2"},
        {"a=b=c", "a=b%3Dc"},
        {"B=1&a=1&A=1", "A=1&B=1&a=1"},
        {"a-b=1&a=1&a.b=1&ab=1", "a=1&a-b=1&a.b=1&ab=1"},
        /* By the encoded spelling: '%' comes before letters and digits. */
        {"a=z&a=%7B&a=~", "a=%7B&a=z&a=~"},
        {"a1=x&a%2F=y&a/=x", "a%2F=x&a%2F=y&a1=x"},
        {"k=%7e%41%2f/+%20 ", "k=~A%2F%2F%2B%20%20"},
        {"k=100%&l=%zz&m=%4", "k=100%25&l=%25zz&m=%254"},
        {"\xE1\x88\xB4=\xFF", "%E1%88%B4=%FF"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sigv4_header headers[4];
        char room[1024];
        struct sigv4_to_sign in = signing_request(headers);
        in.query = sigv4_str(cases[i][0]);
        assert_string_equal(line_of(&in, 2, room, sizeof room), cases[i][1]);
    }
}

static void test_headers_are_trimmed_joined_and_sorted(void **state)
{
    const struct sigv4_header headers[] = {
        signing_header("X-b", "  two   words\t \tand \"  quotes  \" "),
        signing_header("x-B", "again"),
        signing_header("HOST", "h"),
        signing_header("x-", ""),
        signing_header("X-B", "A"),
        signing_header("x-a!", "\xE2\x82\xAC"),
    };
    struct sigv4_header unused[4];
    char room[1024];
    struct sigv4_text text = {room, sizeof room - 1, 0};
    struct sigv4_to_sign in = signing_request(unused);
    (void)state;
    in.headers = headers;
    in.header_count = sizeof headers / sizeof *headers;
    assert_int_equal(sigv4_canonical_request(&in, &text), SIGV4_OK);
    room[text.len] = '\0';
    assert_string_equal(room, "POST\n/\n\nhost:h\nx-:\nx-a!:\xE2\x82\xAC\n"
                              "x-b:two words and \" quotes \",again,A\n\nhost;x-;x-a!;x-b\n"
                              "04124dc6ab2f770d02b3f25652943568e74519939d3ee9783f08c69eb9070070");
}

static int refused(const struct sigv4_to_sign *in)
{
    char room[1024];
    struct sigv4_text text = {room, sizeof room, 0};
    int status = sigv4_canonical_request(in, &text);
    if (status)
        assert_int_equal(text.len, 0);
    return status;
}

static void test_what_could_forge_a_line_is_refused(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign good = signing_request(headers), in;
    (void)state;
    assert_int_equal(refused(&good), SIGV4_OK);
#define REFUSE(member, value)                                                                      \
    in = good;                                                                                     \
    in.member = value;                                                                             \
    assert_int_equal(refused(&in), SIGV4_E_INVALID)
    REFUSE(size, 0);
    REFUSE(method, SIGV4_LIT(""));
    REFUSE(method, SIGV4_LIT("GET\nX"));
    REFUSE(method, SIGV4_LIT("G T"));
    REFUSE(path, SIGV4_LIT("a"));
    REFUSE(path, SIGV4_LIT("/a\nb"));
    REFUSE(path, SIGV4_LIT("/a\0b"));
    REFUSE(path, SIGV4_LIT("/\x7F"));
    REFUSE(query, SIGV4_LIT("a\rb"));
    REFUSE(payload_hash, SIGV4_LIT(""));
    REFUSE(payload_hash, SIGV4_LIT("abc\n"));
    REFUSE(header_count, 0);
    REFUSE(header_count, 1); /* without host */
#undef REFUSE
}

static void test_malformed_headers_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"", "v"},    {"a b", "v"},  {"a:", "v"},  {"a;b", "v"},  {"\xC3\xA4", "v"},
               {"a\n", "v"}, {"a", "v\nb"}, {"a", "v\r"}, {"a", "\x01"}, {"a", "\x7F"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sigv4_header headers[4];
        struct sigv4_to_sign in = signing_request(headers);
        headers[0] = signing_header(bad[i].name, bad[i].value);
        assert_int_equal(refused(&in), SIGV4_E_INVALID);
    }
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    headers[0].value = SIGV4_LIT("a\0b");
    assert_int_equal(refused(&in), SIGV4_E_INVALID);
}

static void test_text_that_does_not_fit_is_measured(void **state)
{
    struct sigv4_header headers[4];
    struct sigv4_to_sign in = signing_request(headers);
    struct sigv4_text none = {NULL, 0, 99};
    (void)state;
    assert_int_equal(sigv4_canonical_request(&in, &none), SIGV4_E_TOO_LARGE);
    char *room = malloc(none.len);
    struct sigv4_text exact = {room, none.len, 0}, less = {room, none.len - 1, 0};
    assert_int_equal(sigv4_canonical_request(&in, &exact), SIGV4_OK);
    assert_int_equal(exact.len, none.len);
    assert_int_equal(sigv4_canonical_request(&in, &less), SIGV4_E_TOO_LARGE);
    assert_int_equal(less.len, none.len);
    free(room);
}

static struct sigv4_slice at_edge(const struct edge *edge, const char *text)
{
    return sigv4_bytes(edge_put(edge, text, strlen(text)), strlen(text));
}

/* Where every part ends at a page nobody may read. */
static void test_nothing_is_read_past_the_end(void **state)
{
    static const char *const paths[] = {"/", "/a/..", "/%", "/a//"};
    static const char *const queries[] = {"a", "a=", "a=%", "a=%4", "a=%41", "a&", "="};
    static const char *const values[] = {"", " ", "a ", "a\t", "a  b"};
    struct edge edges[4];
    struct sigv4_header headers[4];
    char room[1024];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        edges[i] = edge_make(64);
    for (size_t i = 0; i < 4 * 7 * 5; i++) {
        struct sigv4_to_sign in = signing_request(headers);
        struct sigv4_text text = {room, sizeof room, 0};
        const char *path = paths[i % 4], *query = queries[i / 4 % 7], *value = values[i / 28];
        in.path = at_edge(&edges[0], path);
        in.query = at_edge(&edges[1], query);
        headers[0].value = at_edge(&edges[2], value);
        headers[1].name = at_edge(&edges[3], "Host");
        assert_int_equal(sigv4_canonical_request(&in, &text), SIGV4_OK);
    }
    for (size_t i = 0; i < 4; i++)
        edge_drop(&edges[i]);
}

/* Beyond the room on the stack, with sorting to do: same text as from sorted input. */
static void test_a_thousand_parameters_and_headers(void **state)
{
    enum { N = 1000 };
    struct sigv4_header unused[4], *headers = calloc(N + 1, sizeof *headers);
    char *names = calloc(N, 16), *query = calloc(N, 16), *room = malloc(100000);
    struct sigv4_to_sign in = signing_request(unused);
    (void)state;
    headers[N] = signing_header("host", "h");
    for (int i = 0; i < N; i++) {
        int mixed = i * 617 % N;
        snprintf(names + 16 * i, 16, "x-%04d", mixed);
        headers[i] = signing_header(names + 16 * i, "v");
        snprintf(query + strlen(query), 16, "&q%04d=%d", mixed, i % 7);
    }
    in.headers = headers;
    in.header_count = N + 1;
    in.query = sigv4_str(query);
    const char *line = line_of(&in, 2, room, 100000);
    for (int i = 0; i < N; i++)
        assert_int_equal(atoi(line + 8 * i + 1), i);
    line = line_of(&in, 3 + N + 1 + 1, room, 100000);
    assert_memory_equal(line, "host;x-0000;x-0001;", 19);
    assert_string_equal(line + strlen(line) - 7, ";x-0999");
    free(headers);
    free(names);
    free(query);
    free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_are_normalised_and_encoded_again),
        cmocka_unit_test(test_paths_of_s3_stay_as_they_are),
        cmocka_unit_test(test_queries_are_sorted_and_encoded_once),
        cmocka_unit_test(test_headers_are_trimmed_joined_and_sorted),
        cmocka_unit_test(test_what_could_forge_a_line_is_refused),
        cmocka_unit_test(test_malformed_headers_are_refused),
        cmocka_unit_test(test_text_that_does_not_fit_is_measured),
        cmocka_unit_test(test_nothing_is_read_past_the_end),
        cmocka_unit_test(test_a_thousand_parameters_and_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
