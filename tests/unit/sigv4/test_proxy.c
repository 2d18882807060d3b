/* Which proxy the environment asks for. */
#include "config/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"

static struct sigv4_url url_of(const char *text)
{
    struct sigv4_url url;
    if (sigv4_url_parse(sigv4_str(text), &url, NULL))
        fail_msg("%s", text);
    return url;
}

static bool covers(const char *list, const char *text)
{
    struct sigv4_url url = url_of(text);
    size_t n = strlen(list);
    struct edge edge = edge_make(n);
    bool covered = sigv4__no_proxy_covers(sigv4_bytes(edge_put(&edge, list, n), n), &url);
    edge_drop(&edge);
    return covered;
}

static void domains(void **state)
{
    (void)state;
    assert_true(covers("*", "https://h"));
    assert_true(covers("h", "https://h"));
    assert_true(covers("a,b ,\texample.COM", "https://www.Example.com"));
    assert_true(covers(".example.com", "https://example.com"));
    assert_true(covers("*.example.com", "https://a.b.example.com"));
    assert_true(covers("example.com.", "https://example.com"));
    assert_true(covers("example.com", "https://example.com."));
    assert_false(covers("example.com", "https://nexample.com"));
    assert_false(covers("www.example.com", "https://example.com"));
    assert_false(covers("", "https://h"));
    assert_false(covers(",, ,", "https://h"));
    assert_false(covers(".", "https://h"));
    assert_false(covers("*h", "https://h"));
}

static void ports(void **state)
{
    (void)state;
    assert_true(covers("h:4567", "http://h:4567"));
    assert_false(covers("h:4567", "http://h:4568"));
    assert_true(covers("h:443", "https://h"));
    assert_false(covers("h:", "https://h"));
    assert_false(covers("h:x", "https://h"));
    assert_true(covers("127.0.0.1:80", "http://127.0.0.1"));
    assert_true(covers("[::1]:80", "http://[::1]"));
    assert_false(covers("[::1]:81", "http://[::1]"));
    assert_true(covers("[::1]", "http://[::1]:9"));
}

static void addresses(void **state)
{
    (void)state;
    assert_true(covers("127.0.0.1", "http://127.0.0.1:1"));
    assert_false(covers("127.0.0.1", "http://127.0.0.2"));
    assert_true(covers("10.0.0.0/8", "http://10.255.0.1"));
    assert_false(covers("10.0.0.0/8", "http://11.0.0.1"));
    assert_true(covers("10.128.0.0/9", "http://10.129.0.1"));
    assert_false(covers("10.128.0.0/9", "http://10.127.0.1"));
    assert_true(covers("0.0.0.0/0", "http://1.2.3.4"));
    assert_false(covers("0.0.0.0/0", "http://[::1]"));
    assert_false(covers("0.0.0.0/0", "http://h"));
    assert_true(covers("10.1.2.3/32", "http://10.1.2.3"));
    assert_false(covers("10.1.2.3/33", "http://10.1.2.3"));
    assert_false(covers("10.1.2.3/", "http://10.1.2.3"));
    assert_true(covers("fd00::/8", "http://[fd00:ec2::254]"));
    assert_true(covers("::1", "http://[0:0::1]"));
    assert_false(covers("2.3", "http://1.2.3.3"));
}

static void expect(const char *const *environment, const char *text, const char *value,
                   const char *origin)
{
    struct sigv4__config_options o = {.environment = environment};
    struct sigv4_url url = url_of(text);
    struct sigv4__config *c;
    struct sigv4__setting s;
    assert_int_equal(sigv4__config_load(&c, &o, NULL), SIGV4_OK);
    sigv4__proxy_of(c, &url, &s);
    if (value)
        assert_string_equal(s.value, value);
    else
        assert_null(s.value);
    assert_string_equal(s.origin, origin);
    sigv4__config_free(c);
}
#define WITH(...) ((const char *const[]){"HOME=/nonexistent", __VA_ARGS__, NULL})

static void which_variable(void **state)
{
    (void)state;
    expect(WITH("X=y"), "https://h", NULL, "");
    expect(WITH("https_proxy=a", "HTTPS_PROXY=b"), "https://h", "a", "https_proxy");
    expect(WITH("https_proxy=", "HTTPS_PROXY=b"), "https://h", "b", "HTTPS_PROXY");
    expect(WITH("HTTPS_PROXY=b"), "http://h", NULL, "");
    expect(WITH("HTTP_PROXY=c"), "http://h", "c", "HTTP_PROXY");
    expect(WITH("ALL_PROXY=d", "HTTP_PROXY=c"), "https://h", "d", "ALL_PROXY");
    expect(WITH("all_proxy=d", "NO_PROXY=x,h"), "https://h", NULL, "NO_PROXY");
    expect(WITH("all_proxy=d", "NO_PROXY=x,h"), "https://i", "d", "all_proxy");
    expect(WITH("NO_PROXY=h"), "https://h", NULL, "");
}

static void shown(void **state)
{
    (void)state;
    static const char *const expected[][2] = {{"http://u:p@h:1", "http://h:1"},
                                              {"http://u:p@q@h", "http://h"},
                                              {"u:p@h:1", "h:1"},
                                              {"socks5://h", "socks5://h"},
                                              {"", ""}};
    char out[16];
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        sigv4__proxy_shown(expected[i][0], out, sizeof out);
        assert_string_equal(out, expected[i][1]);
    }
    sigv4__proxy_shown("http://0123456789abcdef", out, sizeof out);
    assert_string_equal(out, "http://01234567");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains),        cmocka_unit_test(ports), cmocka_unit_test(addresses),
        cmocka_unit_test(which_variable), cmocka_unit_test(shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
