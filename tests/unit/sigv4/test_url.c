/* URLs of endpoints: what is taken and what is refused. */
#include <sigv4/endpoint.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"

static int parse(const char *text, struct sigv4_url *out, struct sigv4_error *err)
{
    struct edge edge = edge_make(strlen(text));
    int status =
        sigv4_url_parse(sigv4_bytes(edge_put(&edge, text, strlen(text)), strlen(text)), out, err);
    edge_drop(&edge);
    if (status)
        return status;
    return sigv4_url_parse(sigv4_str(text), out, err); /* views that live on */
}

static void expect(const char *text, bool tls, const char *host, unsigned port, const char *path)
{
    struct sigv4_url u;
    struct sigv4_error err;
    int status = parse(text, &u, &err);
    if (status)
        fail_msg("%s", err.message);
    assert_int_equal(u.tls, tls);
    assert_int_equal(u.host.len, strlen(host));
    assert_memory_equal(u.host.ptr, host, u.host.len);
    assert_int_equal(u.port, port);
    assert_int_equal(u.path.len, strlen(path));
    assert_memory_equal(u.path.ptr, path, u.path.len);
}

static void expect_error(const char *text, const char *message)
{
    struct sigv4_url u;
    struct sigv4_error err;
    assert_int_equal(parse(text, &u, &err), SIGV4_E_INVALID);
    assert_string_equal(err.message, message);
}

static void taken(void **state)
{
    (void)state;
    struct sigv4_url u;
    expect("https://a.b-c.d", true, "a.b-c.d", 443, "");
    expect("HTTP://localhost:4567/", false, "localhost", 4567, "");
    expect("http://127.0.0.1:1", false, "127.0.0.1", 1, "");
    expect("http://[::1]:65535/x/y//", false, "::1", 65535, "/x/y");
    expect("https://[fd00:ec2::254]", true, "fd00:ec2::254", 443, "");
    expect("https://my_service.:443/a%20b", true, "my_service.", 443, "/a%20b");
    expect("https://h///", true, "h", 443, "");
    expect("https://h/a:b@c", true, "h", 443, "/a:b@c");
    assert_int_equal(parse("http://10.0.0.1", &u, NULL), SIGV4_OK);
    assert_true(u.host_is_ip);
    assert_false(u.port_given);
    assert_int_equal(parse("http://10.0.0.1:80", &u, NULL), SIGV4_OK);
    assert_true(u.port_given);
    assert_int_equal(parse("http://10.0.0.1x", &u, NULL), SIGV4_OK);
    assert_false(u.host_is_ip);
}

static void refused(void **state)
{
    (void)state;
    expect_error("", "malformed URL '': it must begin with https:// or http://");
    expect_error("localhost:4567",
                 "malformed URL 'localhost:4567': it must begin with https:// or http://");
    expect_error("ftp://h", "malformed URL 'ftp://h': it must begin with https:// or http://");
    expect_error("http://", "malformed URL 'http://': the host is missing");
    expect_error("http:///x", "malformed URL 'http:///x': the host is missing");
    expect_error("http://:80", "malformed URL 'http://:80': the host is missing");
    expect_error("http://h?a=b",
                 "malformed URL 'http://h?a=b': a query ('?') cannot be part of an endpoint");
    expect_error("http://h#a",
                 "malformed URL 'http://h#a': a fragment ('#') cannot be part of an endpoint");
    expect_error("http://h/a b",
                 "malformed URL 'http://h/a b': a character of the path must be percent-encoded");
    expect_error("http://user:SeCrEt@h",
                 "malformed URL: a user name or password cannot be part of an endpoint");
}

static void refused_hosts_and_ports(void **state)
{
    (void)state;
    static const char *const ports[] = {"http://h:",   "http://h:0",  "http://h:65536",
                                        "http://h:8o", "http://h:-1", "http://[::1]:x"};
    static const char *const hosts[] = {"http://a b",  "http://a..b",     "http://.a",
                                        "http://a\\b", "http://\xC3\xA9", "http://a%41",
                                        "http://[::1", "http://[::1]x",   "http://[fe80::1%25eth0]",
                                        "http://[h]",  "http://::1",      "http://256.1.1.1",
                                        "http://10.1", "http://1",        "http://a.1",
                                        "http://h\x01"};
    struct sigv4_url u;
    struct sigv4_error err;
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        assert_int_equal(parse(ports[i], &u, &err), SIGV4_E_INVALID);
        assert_non_null(strstr(err.message, ": the port must be a number from 1 to 65535"));
    }
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (parse(hosts[i], &u, &err) != SIGV4_E_INVALID)
            fail_msg("%s was taken", hosts[i]);
    assert_int_equal(sigv4_url_parse(SIGV4_LIT("http://[::\0]"), &u, &err), SIGV4_E_INVALID);
}

static void long_hosts(void **state)
{
    (void)state;
    char text[400] = "http://";
    struct sigv4_url u;
    memset(text + 7, 'a', 63);
    assert_int_equal(parse(text, &u, NULL), SIGV4_OK);
    text[70] = 'a';
    assert_int_equal(parse(text, &u, NULL), SIGV4_E_INVALID);
    for (int i = 0; i < 253; i++)
        text[7 + i] = i % 2 ? '.' : 'a';
    assert_int_equal(parse(text, &u, NULL), SIGV4_OK);
    text[260] = '.';
    assert_int_equal(parse(text, &u, NULL), SIGV4_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),
        cmocka_unit_test(refused),
        cmocka_unit_test(refused_hosts_and_ports),
        cmocka_unit_test(long_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
