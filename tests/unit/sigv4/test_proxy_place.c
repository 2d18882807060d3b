/* Where the proxy in force is; which one it is, test_proxy.c asks. */
#include "diagnose/proxy_place.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void check(const char *value, const char *shown, const char *host, unsigned port)
{
    char variable[256] = "https_proxy=";
    const char *environment[] = {strncat(variable, value, 200), NULL};
    const struct sigv4__config_options only = {.environment = environment,
                                               .environment_only = true};
    struct sigv4__config *config;
    struct sigv4__proxy_place place;
    struct sigv4_url url;
    assert_int_equal(sigv4__config_load(&config, &only, NULL), SIGV4_OK);
    assert_int_equal(sigv4_url_parse(SIGV4_LIT("https://h"), &url, NULL), SIGV4_OK);
    sigv4__proxy_place_find(config, &url, &place);
    assert_string_equal(place.value, value);
    assert_string_equal(place.variable, "https_proxy");
    assert_string_equal(place.shown, shown);
    assert_string_equal(place.host, host);
    assert_int_equal(place.port, port);
    sigv4__config_free(config);
}

static void test_forms(void **state)
{
    (void)state;
    check("http://p.test:3128", "http://p.test:3128", "p.test", 3128);
    check("p.test:3128/", "p.test:3128/", "p.test", 3128);
    check("p.test", "p.test", "p.test", 1080);
    check("https://p.test", "https://p.test", "p.test", 443);
    check("socks5h://[::1]:9", "socks5h://[::1]:9", "::1", 9);
    check("[::1]", "[::1]", "::1", 1080);
    check("http://p:x", "http://p:x", "p", 1080);
    check("http://p:99999", "http://p:99999", "p", 1080);
    check("http://u:s@p:1", "http://p:1", "p", 1);
    check("u:s@s@p:1/x", "p:1/x", "p", 1);
    check("http://u:s@[::1]:1", "http://[::1]:1", "::1", 1);
    check("http://", "http://", "", 1080);
    check("http://[::1", "http://[::1", "::1", 1080);
}

static void test_none(void **state)
{
    const char *environment[] = {"https_proxy=p", "NO_PROXY=h", NULL};
    const struct sigv4__config_options only = {.environment = environment,
                                               .environment_only = true};
    struct sigv4__config *config;
    struct sigv4__proxy_place place;
    struct sigv4_url url;
    (void)state;
    assert_int_equal(sigv4__config_load(&config, &only, NULL), SIGV4_OK);
    assert_int_equal(sigv4_url_parse(SIGV4_LIT("https://h"), &url, NULL), SIGV4_OK);
    sigv4__proxy_place_find(config, &url, &place);
    assert_null(place.value);
    assert_string_equal(place.shown, "");
    sigv4__config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
