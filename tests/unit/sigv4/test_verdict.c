/* From what was seen to cause, sentence and advice. Nothing is sent here. */
#include "diagnose/verdict.h"

#include "diagnose/address.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

struct scene {
    struct sigv4__findings f;
    struct sigv4_diagnosis d;
};

static struct scene scene_of(const char *host, const char *service_id)
{
    struct scene s = {.f = {.service_id = service_id, .region = "us-east-2"},
                      .d = {.size = sizeof s.d, .port = 443, .name_ms = 4}};
    snprintf(s.d.host, sizeof s.d.host, "%s", host);
    return s;
}

static void add_address(struct scene *s, const char *text, int os_errno, bool no_route)
{
    struct sockaddr_storage address;
    size_t i = s->d.address_count++;
    assert_true(sigv4__address_parse(text, 443, &address));
    snprintf(s->d.addresses[i].text, sizeof s->d.addresses[i].text, "%s", text);
    s->d.addresses[i].kind = sigv4__address_class((const struct sockaddr *)&address);
    s->d.addresses[i].os_errno = os_errno;
    s->d.addresses[i].connect_ms = os_errno == ETIMEDOUT ? 1500 : 0.5;
    s->f.attempts[i] = (struct sigv4__attempt){os_errno, no_route, 0.5};
}

static void check(struct scene *s, enum sigv4_cause cause, const char *verdict, const char *remedy)
{
    sigv4__verdict_write(&s->f, &s->d);
    assert_string_equal(s->d.verdict, verdict);
    assert_string_equal(s->d.remedy, remedy);
    assert_int_equal(s->d.cause, cause);
}

static void check_words(struct scene *s, enum sigv4_cause cause, const char *in_verdict,
                        const char *in_remedy)
{
    sigv4__verdict_write(&s->f, &s->d);
    if (s->d.cause != cause || !strstr(s->d.verdict, in_verdict) || !strstr(s->d.remedy, in_remedy))
        fail_msg("cause %d, expected %d\n  '%s'\n  in '%s'\n  '%s'\n  in '%s'", (int)s->d.cause,
                 (int)cause, in_verdict, s->d.verdict, in_remedy, s->d.remedy);
}

static void test_no_route_from_a_private_subnet(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "3.145.0.1", ENETUNREACH, true);
    check(&s, SIGV4_CAUSE_NO_ROUTE,
          "this host has no route to kinesis.us-east-2.amazonaws.com (public address 3.145.0.1): "
          "Network is unreachable",
          "if this is a private subnet: add an interface endpoint "
          "com.amazonaws.us-east-2.kinesis-streams with private DNS to this VPC, or pass "
          "--endpoint-url with the name of one that exists");
}

static void test_no_answer_from_a_private_subnet(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "3.145.0.1", ETIMEDOUT, false);
    add_address(&s, "3.145.0.2", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT,
                "kinesis.us-east-2.amazonaws.com (public address 3.145.0.1 and 1 more) did not "
                "answer on port 443 within 1.5 s",
                "com.amazonaws.us-east-2.kinesis-streams");
    s = scene_of("b.s3.us-east-2.amazonaws.com", "S3");
    add_address(&s, "52.219.1.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "did not answer",
                "gateway endpoint com.amazonaws.us-east-2.s3 to its route table");
    s = scene_of("sts.us-east-2.amazonaws.com", "STS");
    add_address(&s, "52.219.1.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "did not answer",
                "interface endpoint com.amazonaws.us-east-2.sts with private DNS");
    s = scene_of("sts.amazonaws.com", "STS");
    add_address(&s, "52.219.1.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "did not answer", "AWS_STS_REGIONAL_ENDPOINTS=regional");
    s = scene_of("kms.us-east-2.amazonaws.com", "");
    add_address(&s, "52.219.1.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "did not answer", "a route to the internet");
    s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    s.f.region = "";
    add_address(&s, "52.219.1.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "did not answer",
                "com.amazonaws.REGION.kinesis-streams");
}

static void test_an_endpoint_that_does_not_answer(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "10.0.1.5", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "(private address 10.0.1.5) did not answer",
                "let its security group accept TCP 443");
    s = scene_of("10.9.9.9", "KINESIS");
    add_address(&s, "10.9.9.9", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "10.9.9.9 (a private address) did not answer",
                "firewall or a missing route");
    s = scene_of("127.0.0.1", "KINESIS");
    add_address(&s, "127.0.0.1", ETIMEDOUT, false);
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "127.0.0.1 (a loopback address) did not answer",
                "the local service on port 443");
}

static void test_names_that_do_not_resolve(void **state)
{
    struct scene s = scene_of("kinesis.us-est-2.amazonaws.com", "KINESIS");
    (void)state;
    s.f.region = "us-est-2";
    s.f.name_error = EAI_NONAME;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "kinesis.us-est-2.amazonaws.com does not exist for this",
                "'us-est-2'");
    s.f.name_error = EAI_AGAIN;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "no name server gave an answer", "/etc/resolv.conf");
    s.f.name_error = EAI_SYSTEM;
    s.f.name_errno = EMFILE;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "Too many open files", "");
    s.f.name_error = 0;
    s.f.name_timed_out = true;
    s.d.name_ms = 1500;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "was not resolved within 1.5 s", "/etc/resolv.conf");
    s = scene_of("kinesis.example", "KINESIS");
    s.f.name_error = EAI_NONAME;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "kinesis.example does not exist", "--endpoint-url");
    s = scene_of("vpce-1-2.kinesis.us-east-2.vpce.amazonaws.com", "KINESIS");
    s.f.name_error = EAI_NONAME;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "does not exist", "name of the VPC endpoint");
    s = scene_of("no.addresses", "");
    check_words(&s, SIGV4_CAUSE_NO_NAME, "(no address)", "");
}

static void test_sinkholes(void **state)
{
    static const char *const addresses[] = {"0.0.0.0", "::", "127.0.0.1", "::1", "169.254.1.1"};
    struct scene s;
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
        add_address(&s, addresses[i], ECONNREFUSED, false);
        check_words(&s, SIGV4_CAUSE_SINKHOLE, addresses[i], "DNS filter");
    }
    /* Not a sinkhole: somebody put a service there. */
    s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    add_address(&s, "127.0.0.1", 0, false);
    check_words(&s, SIGV4_CAUSE_NONE, "accepts connections", "");
    s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    add_address(&s, "127.0.0.1", ECONNREFUSED, false);
    add_address(&s, "3.1.1.1", ETIMEDOUT, false);
    sigv4__verdict_write(&s.f, &s.d);
    assert_int_not_equal(s.d.cause, SIGV4_CAUSE_SINKHOLE);
    s = scene_of("localhost", "KINESIS");
    add_address(&s, "127.0.0.1", ECONNREFUSED, false);
    check_words(&s, SIGV4_CAUSE_REFUSED, "refuses", "start the local service");
    s = scene_of("notamazonaws.com", "KINESIS");
    add_address(&s, "127.0.0.1", ECONNREFUSED, false);
    check_words(&s, SIGV4_CAUSE_REFUSED, "refuses", "start the local service");
}

static void test_refused(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "2001:db8::1", ENETUNREACH, true);
    add_address(&s, "3.1.1.1", ETIMEDOUT, false);
    add_address(&s, "3.1.1.2", ECONNREFUSED, false);
    check_words(&s, SIGV4_CAUSE_REFUSED, "3.1.1.2 and 2 more) refuses connections on port 443",
                "firewall");
    s = scene_of("kinesis.example", "KINESIS");
    add_address(&s, "3.1.1.2", ECONNREFUSED, false);
    check_words(&s, SIGV4_CAUSE_REFUSED, "kinesis.example (public address 3.1.1.2) refuses",
                "check the port");
}

static void test_other_failures(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "2001:db8::1", ENETUNREACH, true);
    add_address(&s, "3.1.1.1", EHOSTUNREACH, false);
    check_words(&s, SIGV4_CAUSE_OTHER,
                "no connection to kinesis.us-east-2.amazonaws.com (public address 3.1.1.1 and 1 "
                "more) on port 443: No route to host",
                "com.amazonaws.us-east-2.kinesis-streams");
    s = scene_of("10.0.0.1", "KINESIS");
    add_address(&s, "10.0.0.1", ENETUNREACH, true);
    check_words(&s, SIGV4_CAUSE_NO_ROUTE, "this host has no route to 10.0.0.1", "add a route");
}

static void test_reachable(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "10.0.1.5", 0, false);
    check(&s, SIGV4_CAUSE_NONE,
          "kinesis.us-east-2.amazonaws.com (private address 10.0.1.5) accepts connections on port "
          "443 (after 0.5 ms)",
          "");
    s.f.visited = s.d.tls = true;
    check_words(&s, SIGV4_CAUSE_NONE, ", and TLS comes about", "");
    s.f.visit.handshake = SIGV4__HANDSHAKE_FAILED;
    snprintf(s.f.visit.text, sizeof s.f.visit.text, "wrong version number");
    check_words(&s, SIGV4_CAUSE_TLS, "but no TLS comes about: wrong version number",
                "interferes with TLS");
    s = scene_of("127.0.0.1", "KINESIS");
    add_address(&s, "127.0.0.1", 0, false);
    s.f.visited = s.d.tls = true;
    s.f.visit.handshake = SIGV4__HANDSHAKE_FAILED;
    check_words(&s, SIGV4_CAUSE_TLS, "no TLS", "http://");
}

static struct scene behind_proxy(void)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    s.f.proxy = (struct sigv4__proxy_place){.value = "http://u:p@p.test:3128",
                                            .variable = "HTTPS_PROXY",
                                            .shown = "http://p.test:3128",
                                            .host = "p.test",
                                            .port = 3128};
    snprintf(s.d.proxy, sizeof s.d.proxy, "%s", s.f.proxy.shown);
    return s;
}

static void test_proxies(void **state)
{
    struct scene s = behind_proxy();
    (void)state;
    add_address(&s, "10.0.0.9", ECONNREFUSED, false);
    check(&s, SIGV4_CAUSE_PROXY,
          "the proxy http://p.test:3128 is in force (HTTPS_PROXY): p.test (private address "
          "10.0.0.9) refuses connections on port 3128",
          "correct HTTPS_PROXY, or list kinesis.us-east-2.amazonaws.com in NO_PROXY if it is "
          "reached without a proxy");
    s = behind_proxy();
    s.f.name_error = EAI_NONAME;
    check_words(&s, SIGV4_CAUSE_PROXY, "(HTTPS_PROXY): the name p.test does not exist", "NO_PROXY");
    s = behind_proxy();
    add_address(&s, "10.0.0.9", 0, false);
    s.f.visited = s.d.tls = true;
    s.f.visit.handshake = SIGV4__HANDSHAKE_NO_WAY;
    snprintf(s.f.visit.text, sizeof s.f.visit.text, "CONNECT tunnel failed, response 403");
    check_words(&s, SIGV4_CAUSE_PROXY,
                "it opens no way to kinesis.us-east-2.amazonaws.com: CONNECT tunnel failed",
                "have the proxy allow kinesis.us-east-2.amazonaws.com:443");
    snprintf(s.f.visit.text, sizeof s.f.visit.text, "CONNECT tunnel failed, response 407");
    check_words(&s, SIGV4_CAUSE_PROXY, "response 407", "HTTPS_PROXY=http://USER:PASSWORD@");
    s.f.visit.handshake = SIGV4__HANDSHAKE_FAILED;
    check_words(&s, SIGV4_CAUSE_TLS, "no TLS comes about with kinesis", "inspects traffic");
    s.f.visit = (struct sigv4__visit){.handshake = SIGV4__HANDSHAKE_DONE};
    check_words(&s, SIGV4_CAUSE_NONE, "p.test (private address 10.0.0.9) accepts", "");
}

static void test_names_of_special_endpoints(void **state)
{
    static const char *const hosts[] = {"kinesis-fips.us-east-2.amazonaws.com",
                                        "kinesis.us-east-2.api.aws",
                                        "b.s3.dualstack.us-east-2.amazonaws.com"};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct scene s = scene_of(hosts[i], "KINESIS");
        s.f.name_error = EAI_NONAME;
        check_words(&s, SIGV4_CAUSE_NO_NAME, "does not exist", "AWS_USE_FIPS_ENDPOINT");
    }
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    s.f.name_error = EAI_NONAME;
    check_words(&s, SIGV4_CAUSE_NO_NAME, "does not exist", "is 'us-east-2' its right name");
}

static void test_http_to_a_port_of_tls(void **state)
{
    struct scene s = scene_of("kinesis.test", "KINESIS");
    (void)state;
    add_address(&s, "10.0.0.9", 0, false);
    s.f.visited = true;
    snprintf(s.f.visit.text, sizeof s.f.visit.text, "Empty reply from server");
    check_words(&s, SIGV4_CAUSE_OTHER, "gives no HTTP answer: Empty reply", "say https://");
}

static void test_in_this_vpc(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "10.0.1.5", ETIMEDOUT, false);
    s.d.addresses[0].in_vpc = true;
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "(private address 10.0.1.5 in this VPC) did not answer",
                "let its security group accept TCP 443");
    assert_null(strstr(s.d.remedy, "route to that subnet"));
    assert_non_null(strstr(s.d.likely, "security group of the interface endpoint"));
    s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    add_address(&s, "203.0.113.7", ETIMEDOUT, false);
    snprintf(s.d.vpc, sizeof s.d.vpc, "10.0.0.0/16");
    check_words(&s, SIGV4_CAUSE_TIMED_OUT, "(public address", "add an interface endpoint");
    assert_null(strstr(s.d.remedy, "if this is a private subnet"));
    assert_non_null(strstr(s.d.likely, "its private DNS is off"));
}

static void test_an_old_answer(void **state)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    (void)state;
    add_address(&s, "203.0.113.7", ENETUNREACH, true);
    snprintf(s.d.name_server_says, sizeof s.d.name_server_says, "10.0.1.5");
    s.f.server_says_inner = true;
    check_words(&s, SIGV4_CAUSE_NO_ROUTE, "; its name server says 10.0.1.5", "/etc/hosts");
    assert_non_null(strstr(s.d.likely, "an old answer in a cache"));
}

/* 2026-01-01 to 2026-02-01, seen by a service whose clock says 2026-01-10. */
static struct scene with_certificate(unsigned faults, int64_t offset_ms)
{
    struct scene s = scene_of("kinesis.us-east-2.amazonaws.com", "KINESIS");
    add_address(&s, "10.0.1.5", 0, false);
    s.f.visited = s.d.tls = true;
    s.f.visit = (struct sigv4__visit){.faults = faults, .their_unix_ms = 1768003200000};
    s.d.certificate_from_unix = 1767225600;
    s.d.certificate_until_unix = 1769904000;
    s.d.clock_known = true;
    s.d.clock_offset_ms = offset_ms;
    s.d.http_status = 404;
    snprintf(s.d.certificate_names, sizeof s.d.certificate_names, "*.other.test");
    snprintf(s.d.certificate_chain, sizeof s.d.certificate_chain, "a, by b");
    snprintf(s.d.certificate_fault, sizeof s.d.certificate_fault, "its words");
    return s;
}

static void test_certificates(void **state)
{
    enum { DAY_MS = 86400000 };
    struct scene s = with_certificate(SIGV4__CERT_UNTRUSTED | SIGV4__CERT_NAME, 0);
    (void)state;
    check_words(&s, SIGV4_CAUSE_TLS_UNTRUSTED, "is not trusted here: its words (a, by b)",
                "--ca-bundle");
    assert_false(s.d.open);
    s = with_certificate(SIGV4__CERT_NAME | SIGV4__CERT_EXPIRED, 0);
    check_words(&s, SIGV4_CAUSE_TLS_NAME, "not for kinesis.us-east-2.amazonaws.com but for *.other",
                "name the certificate covers");
    s = with_certificate(SIGV4__CERT_EXPIRED, 0);
    check_words(&s, SIGV4_CAUSE_TLS_EXPIRED,
                "2026-02-01 00:00 UTC, and by this host's clock it is "
                "no longer valid",
                "new certificate");
    s = with_certificate(SIGV4__CERT_EXPIRED, -(int64_t)30 * DAY_MS);
    check_words(&s, SIGV4_CAUSE_CLOCK, "no longer valid", "set this host's clock");
    assert_non_null(strstr(s.d.likely, "30 days ahead"));
    s = with_certificate(SIGV4__CERT_NOT_YET_VALID, (int64_t)20 * DAY_MS);
    check_words(&s, SIGV4_CAUSE_CLOCK, "not valid yet", "set this host's clock");
    assert_non_null(strstr(s.d.likely, "20 days behind"));
    s = with_certificate(SIGV4__CERT_NOT_YET_VALID, 0);
    s.d.clock_known = false;
    check_words(&s, SIGV4_CAUSE_TLS_EXPIRED, "not valid yet", "set this host's clock");
    s = with_certificate(SIGV4__CERT_UNTRUSTED, 0);
    s.f.any_certificate = true;
    check_words(&s, SIGV4_CAUSE_NONE, "and TLS comes about", "");
    assert_true(s.d.open);
}

static void test_a_clock_that_is_off(void **state)
{
    struct scene s = with_certificate(0, 3600000);
    (void)state;
    check_words(&s, SIGV4_CAUSE_CLOCK, "this host's clock is 60 min behind that of kinesis",
                "set this host's clock");
    assert_true(s.d.open);
    s = with_certificate(0, -299000);
    check_words(&s, SIGV4_CAUSE_NONE, "accepts connections", "");
}

static void test_no_http_there(void **state)
{
    struct scene s = with_certificate(0, 0);
    (void)state;
    s.d.http_status = 0;
    snprintf(s.f.visit.text, sizeof s.f.visit.text, "Operation timed out");
    check_words(&s, SIGV4_CAUSE_OTHER, "gives no HTTP answer: Operation timed out", "path MTU");
    assert_false(s.d.open);
}

static void test_long_names_are_cut(void **state)
{
    char host[256];
    struct scene s;
    (void)state;
    memset(host, 'h', sizeof host - 1);
    host[255] = '\0';
    s = scene_of(host, "KINESIS");
    s.f.region = host;
    s.f.name_error = EAI_NONAME;
    sigv4__verdict_write(&s.f, &s.d);
    assert_true(strlen(s.d.verdict) < sizeof s.d.verdict);
    add_address(&s, "3.1.1.1", ETIMEDOUT, false);
    sigv4__verdict_write(&s.f, &s.d);
    assert_true(strlen(s.d.verdict) < sizeof s.d.verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_route_from_a_private_subnet),
        cmocka_unit_test(test_no_answer_from_a_private_subnet),
        cmocka_unit_test(test_an_endpoint_that_does_not_answer),
        cmocka_unit_test(test_names_that_do_not_resolve),
        cmocka_unit_test(test_sinkholes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_failures),
        cmocka_unit_test(test_reachable),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_names_of_special_endpoints),
        cmocka_unit_test(test_http_to_a_port_of_tls),
        cmocka_unit_test(test_in_this_vpc),
        cmocka_unit_test(test_an_old_answer),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_a_clock_that_is_off),
        cmocka_unit_test(test_no_http_there),
        cmocka_unit_test(test_long_names_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
