/* The whole diagnosis on loopback and in a network namespace without routes. */
#include "diagnose/lookup.h"
#include "diagnose/probe.h"

#include <sigv4/diagnose.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka needs setjmp and stdarg. */
#include <cmocka.h>

/* A listening socket on a port of its own; port 0 in *port when it shall not listen. */
static int open_socket(int backlog, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct sigv4_diagnosis diagnose_within(uint32_t ms, const char *scheme, const char *host,
                                              unsigned port)
{
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_error err;
    char url[300];
    snprintf(url, sizeof url, "%s://%s:%u", scheme, host, port);
    int status = sigv4_diagnose(SIGV4_DIAGNOSE(.url = url, .service_id = "KINESIS",
                                               .region = "us-east-2", .timeout_ms = ms),
                                &d, &err);
    if (status)
        fail_msg("%s: %s", url, err.message);
    return d;
}

/* For what is answered, however slow the machine. */
static struct sigv4_diagnosis diagnose(const char *scheme, const char *host, unsigned port)
{
    return diagnose_within(20000, scheme, host, port);
}

static void test_refused(void **state)
{
    uint16_t port;
    int fd = open_socket(-1, &port); /* bound, so that no one else takes the port */
    struct sigv4_diagnosis d = diagnose("http", "127.0.0.1", port);
    (void)state;
    assert_int_equal(d.cause, SIGV4_CAUSE_REFUSED);
    assert_int_equal(d.address_count, 1);
    assert_string_equal(d.addresses[0].text, "127.0.0.1");
    assert_int_equal(d.addresses[0].kind, SIGV4_ADDRESS_LOOPBACK);
    assert_int_equal(d.addresses[0].os_errno, ECONNREFUSED);
    assert_int_equal(d.port, port);
    assert_string_equal(d.host, "127.0.0.1");
    assert_string_equal(d.proxy, "");
    assert_non_null(strstr(d.remedy, "start the local service"));
    close(fd);
}

/* Nothing of a full backlog is answered, as behind a filter. */
static void test_black_hole(void **state)
{
    enum { FILL = 4 };
    uint16_t port;
    int fd = open_socket(0, &port), filler[FILL];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)state;
    address.sin_port = htons(port);
    for (int i = 0; i < FILL; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(filler[i], (struct sockaddr *)&address, sizeof address);
    }
    struct sigv4_diagnosis d = diagnose_within(400, "https", "127.0.0.1", port);
    assert_int_equal(d.cause, SIGV4_CAUSE_TIMED_OUT);
    assert_int_equal(d.addresses[0].os_errno, ETIMEDOUT);
    assert_true(d.addresses[0].connect_ms >= 399);
    assert_non_null(strstr(d.verdict, "did not answer"));
    for (int i = 0; i < FILL; i++)
        close(filler[i]);
    close(fd);
}

static void test_a_name_that_does_not_exist(void **state)
{
    struct sigv4_diagnosis d = diagnose("https", "kinesis.invalid", 443);
    (void)state;
    assert_int_equal(d.cause, SIGV4_CAUSE_NO_NAME);
    assert_int_equal(d.address_count, 0);
    assert_non_null(strstr(d.verdict, "kinesis.invalid"));
    assert_string_not_equal(d.remedy, "");
}

/* With no time at all, the answer comes too late nearly always; the thread that waits for it must
 * clean up alone (sanitizers watch). */
static void test_a_slow_resolver_is_left_behind(void **state)
{
    struct sigv4__lookup found;
    int late = 0;
    (void)state;
    for (int i = 0; i < 20 || (late == 0 && i < 2000); i++) {
        assert_int_equal(sigv4__lookup_run("localhost", 1, 0, &found), SIGV4_OK);
        assert_int_equal(found.count > 0, !found.timed_out);
        late += found.timed_out;
    }
    assert_true(late > 0);
    usleep(200000);
}

/* Whoever slept through the time given still sees the connection that came about meanwhile. */
static void test_time_is_up_and_the_answer_is_there(void **state)
{
    uint16_t port;
    int fd = open_socket(128, &port);
    struct sigv4__lookup found;
    struct sigv4__attempt attempt = {.os_errno = -1};
    (void)state;
    assert_int_equal(sigv4__lookup_run("127.0.0.1", port, 0, &found), SIGV4_OK);
    for (int i = 0; i < 100 && attempt.os_errno; i++)
        sigv4__probe_connect(found.addresses, found.count, 0, &attempt);
    assert_int_equal(attempt.os_errno, 0);
    close(fd);
}

static void test_addresses_are_not_looked_up(void **state)
{
    struct sigv4__lookup found;
    (void)state;
    assert_int_equal(sigv4__lookup_run("::1", 80, 0, &found), SIGV4_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.addresses[0].ss_family, AF_INET6);
}

static void test_a_connection_is_possible(void **state)
{
    uint16_t port;
    int fd = open_socket(5, &port);
    struct sigv4_diagnosis d = {.size = sizeof d};
    char url[64];
    (void)state;
    snprintf(url, sizeof url, "http://localhost:%u", (unsigned)port);
    assert_int_equal(sigv4_diagnose(SIGV4_DIAGNOSE(.url = url, .timeout_ms = 20000,
                                                   .flags = SIGV4_DIAGNOSE_CONNECTION),
                                    &d, NULL),
                     SIGV4_OK);
    assert_int_equal(d.cause, SIGV4_CAUSE_NONE);
    assert_string_equal(d.remedy, "");
    assert_non_null(strstr(d.verdict, "accepts connections"));
    /* The kernel accepts, no one speaks. */
    d = diagnose_within(1000, "http", "127.0.0.1", port);
    assert_int_equal(d.cause, SIGV4_CAUSE_OTHER);
    assert_non_null(strstr(d.verdict, "gives no HTTP answer"));
    close(fd);
}

/* Answers the first bytes of two connections with plain HTTP. */
static void *speak_plain(void *ctx)
{
    static const char answer[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    int listener = *(int *)ctx;
    char ignored[4096];
    for (int i = 0; i < 2; i++) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            break;
        if (recv(fd, ignored, sizeof ignored, 0) > 0)
            (void)send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static void test_tls_to_a_plain_port(void **state)
{
    uint16_t port;
    pthread_t thread;
    int fd = open_socket(5, &port);
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, speak_plain, &fd), 0);
    struct sigv4_diagnosis d = diagnose("https", "127.0.0.1", port);
    pthread_join(thread, NULL);
    assert_int_equal(d.cause, SIGV4_CAUSE_TLS);
    if (!strstr(d.verdict, "but no TLS comes about: wrong version number"))
        fail_msg("%s", d.verdict);
    assert_non_null(strstr(d.remedy, "http://"));
    close(fd);
}

static void test_tls_to_a_silent_port(void **state)
{
    uint16_t port;
    int fd = open_socket(5, &port); /* the kernel accepts, no one speaks */
    struct sigv4_diagnosis d = diagnose_within(400, "https", "127.0.0.1", port);
    (void)state;
    assert_int_equal(d.cause, SIGV4_CAUSE_TLS);
    assert_int_equal(d.addresses[0].os_errno, 0);
    close(fd);
}

/* A certificate for another name that nobody trusts. */
static SSL_CTX *make_tls(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_non_null(tls);
    assert_non_null(key);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"elsewhere.test", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(tls, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return tls;
}

static void *speak_tls(void *ctx)
{
    SSL_CTX *tls = make_tls();
    char ignored;
    for (int i = 0; i < 2; i++) {
        int fd = accept(*(int *)ctx, NULL, NULL);
        SSL *ssl = SSL_new(tls);
        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1)
            (void)SSL_read(ssl, &ignored, 1);
        SSL_free(ssl);
        close(fd);
    }
    SSL_CTX_free(tls);
    return NULL;
}

static void test_tls_with_an_unknown_certificate(void **state)
{
    uint16_t port;
    pthread_t thread;
    int fd = open_socket(5, &port);
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pthread_create(&thread, NULL, speak_tls, &fd), 0);
    struct sigv4_diagnosis d = diagnose("https", "127.0.0.1", port);
    pthread_join(thread, NULL);
    assert_int_equal(d.cause, SIGV4_CAUSE_TLS_UNTRUSTED);
    assert_string_equal(d.certificate_names, "elsewhere.test");
    assert_string_equal(d.certificate_chain, "elsewhere.test, by elsewhere.test");
    assert_string_equal(d.tls_version, "TLSv1.3");
    assert_true(d.certificate_until_unix - d.certificate_from_unix == 3600);
    assert_non_null(strstr(d.verdict, "is not trusted here"));
    assert_non_null(strstr(d.remedy, "--ca-bundle"));
    close(fd);
}

static void test_proxies(void **state)
{
    uint16_t port;
    pthread_t thread;
    char proxy[64];
    int fd = open_socket(-1, &port);
    (void)state;
    snprintf(proxy, sizeof proxy, "http://user:planted@127.0.0.1:%u", (unsigned)port);
    setenv("https_proxy", proxy, 1);
    struct sigv4_diagnosis d = diagnose("https", "kinesis.us-east-2.amazonaws.com", 443);
    assert_int_equal(d.cause, SIGV4_CAUSE_PROXY);
    assert_null(strstr(d.verdict, "planted"));
    assert_null(strstr(d.proxy, "planted"));
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(pthread_create(&thread, NULL, speak_plain, &fd), 0);
    d = diagnose("https", "kinesis.us-east-2.amazonaws.com", 443);
    pthread_join(thread, NULL);
    unsetenv("https_proxy");
    assert_int_equal(d.cause, SIGV4_CAUSE_PROXY);
    assert_non_null(strstr(d.verdict, "it opens no way to kinesis.us-east-2.amazonaws.com"));
    assert_non_null(strstr(d.verdict, "403"));
    close(fd);
}

/* In a child, because a namespace is for ever. */
static int without_network(void)
{
    struct sigv4_diagnosis d = {.size = sizeof d};
    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
        return 77;
    if (sigv4_diagnose(SIGV4_DIAGNOSE(.url = "https://203.0.113.7", .timeout_ms = 400), &d, NULL))
        return 1;
    if (d.cause != SIGV4_CAUSE_NO_ROUTE || d.addresses[0].os_errno != ENETUNREACH ||
        !strstr(d.verdict, "no route to 203.0.113.7"))
        return 2;
    if (sigv4_diagnose(SIGV4_DIAGNOSE(.url = "https://kinesis.invalid", .timeout_ms = 400), &d,
                       NULL))
        return 3;
    return d.cause == SIGV4_CAUSE_NO_NAME ? 0 : 4;
}

static void test_without_any_route(void **state)
{
    int wait_status = 0;
    pid_t child = fork();
    (void)state;
    if (child == 0)
        _exit(without_network());
    assert_int_equal(waitpid(child, &wait_status, 0), child);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(wait_status), 0);
}

static void test_refusals(void **state)
{
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_error err;
    (void)state;
    assert_int_equal(sigv4_diagnose(SIGV4_DIAGNOSE(.url = "kinesis"), &d, &err), SIGV4_E_INVALID);
    assert_string_not_equal(err.message, "");
    d.size = 0;
    assert_int_equal(sigv4_diagnose(SIGV4_DIAGNOSE(.url = "http://127.0.0.1"), &d, &err),
                     SIGV4_E_INVALID);
}

int main(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_black_hole),
        cmocka_unit_test(test_a_name_that_does_not_exist),
        cmocka_unit_test(test_a_slow_resolver_is_left_behind),
        cmocka_unit_test(test_time_is_up_and_the_answer_is_there),
        cmocka_unit_test(test_addresses_are_not_looked_up),
        cmocka_unit_test(test_a_connection_is_possible),
        cmocka_unit_test(test_tls_to_a_plain_port),
        cmocka_unit_test(test_tls_to_a_silent_port),
        cmocka_unit_test(test_tls_with_an_unknown_certificate),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_without_any_route),
        cmocka_unit_test(test_refusals),
    };
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
        unsetenv(proxies[i]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
