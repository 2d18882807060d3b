/* Each allocation of the diagnosis fails once, on whichever thread: an error or a poorer diagnosis,
 * never a crash or a leak. The linker leads malloc and its kin here (tests/CMakeLists.txt); what
 * libcurl and OpenSSL take is not counted. */
#include "diagnose/vpc.h"

#include <sigv4/diagnose.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

static atomic_int countdown; /* the one that gets to 0 fails */

static bool fails(void)
{
    return atomic_fetch_sub(&countdown, 1) == 1;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

/* Bound and silent: connections are refused, which is quick. */
static int closed_port(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* The n-th fails; true when there was no n-th. */
static bool diagnose_with_failure(int n, const char *url)
{
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_error err;
    atomic_store(&countdown, n);
    int status = sigv4_diagnose(SIGV4_DIAGNOSE(.url = url, .timeout_ms = 2000), &d, &err);
    bool passed = atomic_load(&countdown) > 0;
    atomic_store(&countdown, 0);
    if (status && status != SIGV4_E_NOMEM)
        fail_msg("allocation %d: %s", n, err.message);
    if (passed)
        assert_int_equal(d.cause, SIGV4_CAUSE_REFUSED);
    return passed;
}

static void test_each_allocation_fails(void **state)
{
    enum { MANY = 2000 };
    uint16_t port;
    char url[64];
    int n = 1, fd = closed_port(&port);
    (void)state;
    snprintf(url, sizeof url, "https://localhost:%u", (unsigned)port);
    while (n < MANY && !diagnose_with_failure(n, url))
        n++;
    print_message("%d allocations\n", n - 1);
    assert_true(n > 3 && n < MANY);
    close(fd);
}

static void test_imds_without_memory(void **state)
{
    enum { MANY = 2000 };
    uint16_t port;
    char place[80], networks[64];
    int n, fd = closed_port(&port);
    struct sigv4__config *config;
    bool passed = false;
    (void)state;
    snprintf(place, sizeof place, "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:%u",
             (unsigned)port);
    const char *const environment[] = {place, NULL};
    const struct sigv4__config_options how = {.environment = environment, .environment_only = true};
    assert_int_equal(sigv4__config_load(&config, &how, NULL), SIGV4_OK);
    for (n = 1; n < MANY && !passed; n++) {
        atomic_store(&countdown, n);
        sigv4__vpc_finish(sigv4__vpc_start(config), networks, sizeof networks);
        passed = atomic_load(&countdown) > 0;
        assert_string_equal(networks, "");
    }
    atomic_store(&countdown, 0);
    print_message("%d allocations\n", n - 2);
    assert_true(n > 3 && passed);
    sigv4__config_free(config);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_imds_without_memory),
    };
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
