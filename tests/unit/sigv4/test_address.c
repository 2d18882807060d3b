/* Classes of addresses, at both ends of each range. */
#include "diagnose/address.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static enum sigv4_address_class class_of(const char *text)
{
    struct sockaddr_storage address;
    char again[64];
    assert_true(sigv4__address_parse(text, 443, &address));
    sigv4__address_text((const struct sockaddr *)&address, again, sizeof again);
    assert_string_equal(again, text);
    return sigv4__address_class((const struct sockaddr *)&address);
}

static void test_classes(void **state)
{
    static const struct {
        const char *text;
        enum sigv4_address_class expected;
    } cases[] = {
        {"0.0.0.0", SIGV4_ADDRESS_UNSPECIFIED},
        {"0.255.255.255", SIGV4_ADDRESS_UNSPECIFIED},
        {"1.0.0.0", SIGV4_ADDRESS_GLOBAL},
        {"9.255.255.255", SIGV4_ADDRESS_GLOBAL},
        {"10.0.0.0", SIGV4_ADDRESS_PRIVATE},
        {"10.255.255.255", SIGV4_ADDRESS_PRIVATE},
        {"11.0.0.0", SIGV4_ADDRESS_GLOBAL},
        {"100.63.255.255", SIGV4_ADDRESS_GLOBAL},
        {"100.64.0.0", SIGV4_ADDRESS_PRIVATE},
        {"100.127.255.255", SIGV4_ADDRESS_PRIVATE},
        {"100.128.0.0", SIGV4_ADDRESS_GLOBAL},
        {"126.255.255.255", SIGV4_ADDRESS_GLOBAL},
        {"127.0.0.0", SIGV4_ADDRESS_LOOPBACK},
        {"127.255.255.255", SIGV4_ADDRESS_LOOPBACK},
        {"128.0.0.0", SIGV4_ADDRESS_GLOBAL},
        {"169.253.255.255", SIGV4_ADDRESS_GLOBAL},
        {"169.254.169.254", SIGV4_ADDRESS_LINK_LOCAL},
        {"169.255.0.0", SIGV4_ADDRESS_GLOBAL},
        {"172.15.255.255", SIGV4_ADDRESS_GLOBAL},
        {"172.16.0.0", SIGV4_ADDRESS_PRIVATE},
        {"172.31.255.255", SIGV4_ADDRESS_PRIVATE},
        {"172.32.0.0", SIGV4_ADDRESS_GLOBAL},
        {"192.167.255.255", SIGV4_ADDRESS_GLOBAL},
        {"192.168.0.0", SIGV4_ADDRESS_PRIVATE},
        {"192.169.0.0", SIGV4_ADDRESS_GLOBAL},
        {"255.255.255.255", SIGV4_ADDRESS_GLOBAL},
        {"::", SIGV4_ADDRESS_UNSPECIFIED},
        {"::1", SIGV4_ADDRESS_LOOPBACK},
        {"::2", SIGV4_ADDRESS_GLOBAL},
        {"2001:db8::1", SIGV4_ADDRESS_GLOBAL},
        {"fbff::1", SIGV4_ADDRESS_GLOBAL},
        {"fc00::1", SIGV4_ADDRESS_UNIQUE_LOCAL},
        {"fdff::1", SIGV4_ADDRESS_UNIQUE_LOCAL},
        {"fe00::1", SIGV4_ADDRESS_GLOBAL},
        {"fe80::1", SIGV4_ADDRESS_LINK_LOCAL},
        {"febf::1", SIGV4_ADDRESS_LINK_LOCAL},
        {"fec0::1", SIGV4_ADDRESS_GLOBAL},
        {"::ffff:10.1.2.3", SIGV4_ADDRESS_PRIVATE},
        {"::ffff:0.0.0.0", SIGV4_ADDRESS_UNSPECIFIED},
        {"::ffff:3.4.5.6", SIGV4_ADDRESS_GLOBAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum sigv4_address_class got = class_of(cases[i].text);
        if (got != cases[i].expected)
            fail_msg("%s: expected %s, got %s", cases[i].text,
                     sigv4_address_class_name(cases[i].expected), sigv4_address_class_name(got));
    }
}

static void test_what_is_no_address(void **state)
{
    struct sockaddr_storage address;
    struct sockaddr_storage other = {.ss_family = AF_UNIX};
    char text[64] = "x";
    (void)state;
    assert_false(sigv4__address_parse("", 1, &address));
    assert_false(sigv4__address_parse("localhost", 1, &address));
    assert_false(sigv4__address_parse("1.2.3", 1, &address));
    assert_false(sigv4__address_parse("1.2.3.4.5", 1, &address));
    assert_false(sigv4__address_parse("[::1]", 1, &address));
    assert_int_equal(sigv4__address_class((const struct sockaddr *)&other),
                     SIGV4_ADDRESS_UNSPECIFIED);
    sigv4__address_text((const struct sockaddr *)&other, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
