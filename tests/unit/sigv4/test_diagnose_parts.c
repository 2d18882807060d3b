/* The diagnosis's small readers: DNS answers, the kernel's routes, networks from IMDS; and the
 * route of this very host. */
#include "diagnose/address.h"
#include "diagnose/line.h"
#include "diagnose/lookup.h"
#include "diagnose/route.h"
#include "diagnose/vpc.h"
#include "edge.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

/* www.example A?, answered with a CNAME and two addresses. */
static const unsigned char dns[] = {
    0x12, 0x34, 0x81, 0x80, 0, 1,   0,   3,   0,   0,   0,   0,                       /* head */
    3,    'w',  'w',  'w',  7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0,                  /* the name */
    0,    1,    0,    1,                                                              /* A, IN */
    0xC0, 0x0C, 0,    5,    0, 1,   0,   0,   0,   60,  0,   2,   0xC0, 0x10,         /* CNAME */
    0xC0, 0x10, 0,    1,    0, 1,   0,   0,   0,   60,  0,   4,   10,   0,    1,   5, /* A */
    0xC0, 0x10, 0,    1,    0, 1,   0,   0,   0,   60,  0,   4,   203,  0,    113, 7}; /* A */

static void test_a_dns_answer(void **state)
{
    struct sigv4__lookup found = {0};
    char text[64];
    (void)state;
    assert_true(sigv4__dns_read(dns, sizeof dns, 443, &found));
    assert_int_equal(found.count, 2);
    sigv4__address_text((struct sockaddr *)&found.addresses[0], text, sizeof text);
    assert_string_equal(text, "10.0.1.5");
    sigv4__address_text((struct sockaddr *)&found.addresses[1], text, sizeof text);
    assert_string_equal(text, "203.0.113.7");
}

/* Cut anywhere, and with any byte changed: never past the end, never more than was sent. */
static void test_broken_dns_answers(void **state)
{
    struct edge e = edge_make(sizeof dns);
    (void)state;
    for (size_t n = 0; n < sizeof dns; n++) {
        struct sigv4__lookup found = {0};
        assert_false(sigv4__dns_read(edge_put(&e, dns, n), n, 443, &found));
    }
    for (size_t at = 0; at < sizeof dns; at++)
        for (int value = 0; value < 256; value += 5) {
            struct sigv4__lookup found = {0};
            char *p = edge_put(&e, dns, sizeof dns);
            p[at] = (char)value;
            (void)sigv4__dns_read(p, sizeof dns, 443, &found);
            assert_true(found.count <= 8);
        }
    edge_drop(&e);
}

static void test_the_route_to_this_host(void **state)
{
    struct sockaddr_storage to;
    struct sigv4__route route;
    (void)state;
    assert_true(sigv4__address_parse("127.0.0.1", 80, &to));
    if (!sigv4__route_ask(&to, &route)) {
        print_message("no netlink here\n");
        skip();
    }
    assert_true(route.interface > 0);
    assert_string_equal(route.source, "127.0.0.1");
    assert_string_equal(route.gateway, "");
}

struct message {
    struct nlmsghdr head;
    struct rtmsg route;
    struct rtattr device;
    int index;
    struct rtattr gateway;
    unsigned char address[4];
};

static struct message message_make(void)
{
    return (struct message){
        .head = {.nlmsg_len = sizeof(struct message), .nlmsg_type = RTM_NEWROUTE},
        .device = {.rta_len = 8, .rta_type = RTA_OIF},
        .index = 3,
        .gateway = {.rta_len = 8, .rta_type = RTA_GATEWAY},
        .address = {10, 0, 0, 1}};
}

static void test_routes_read(void **state)
{
    struct sigv4__route route;
    struct message m = message_make();
    struct edge e = edge_make(sizeof m);
    (void)state;
    assert_true(sigv4__route_read(&m, sizeof m, &route));
    assert_int_equal(route.interface, 3);
    assert_string_equal(route.gateway, "10.0.0.1");
    for (size_t n = 0; n < sizeof m; n++)
        assert_false(sigv4__route_read(edge_put(&e, &m, n), n, &route));
    m.gateway.rta_len = 9;
    assert_false(sigv4__route_read(&m, sizeof m, &route));
    m.gateway.rta_len = 3;
    assert_false(sigv4__route_read(&m, sizeof m, &route));
    m = message_make();
    m.head.nlmsg_type = NLMSG_ERROR;
    assert_false(sigv4__route_read(&m, sizeof m, &route));
    edge_drop(&e);
}

static void test_networks(void **state)
{
    char networks[64] = "";
    (void)state;
    sigv4__vpc_add(SIGV4_LIT("10.0.0.0/16\n\n<html>\n10.1.0.0\r\n 100.64.0.0/16\r\n"), networks,
                   sizeof networks);
    assert_string_equal(networks, "10.0.0.0/16 100.64.0.0/16");
    sigv4__vpc_add(SIGV4_LIT("2600:1f14::/56"), networks, sizeof networks);
    sigv4__vpc_add(SIGV4_LIT("1234:1234:1234:1234:1234:1234:1234::/128"), networks,
                   sizeof networks); /* no room: left out */
    assert_string_equal(networks, "10.0.0.0/16 100.64.0.0/16 2600:1f14::/56");
    assert_true(sigv4__vpc_contains(networks, "10.0.1.5"));
    assert_true(sigv4__vpc_contains(networks, "2600:1f14::7"));
    assert_false(sigv4__vpc_contains(networks, "10.1.0.1"));
    assert_false(sigv4__vpc_contains(networks, "203.0.113.7"));
    assert_false(sigv4__vpc_contains("", "10.0.1.5"));
}

static void test_spans(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "0 s"},
                 {-1499, "1 s"},
                 {119000, "119 s"},
                 {3599000, "60 min"},
                 {7200000, "2 h"},
                 {-172800000, "2 days"},
                 {INT64_MIN, "106751991167 days"}};
    char out[32];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(sigv4__line_span(cases[i].ms, out), cases[i].text);
    assert_string_equal(sigv4__line_time(0, out), "1970-01-01 00:00 UTC");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dns_answer),
        cmocka_unit_test(test_broken_dns_answers),
        cmocka_unit_test(test_the_route_to_this_host),
        cmocka_unit_test(test_routes_read),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
