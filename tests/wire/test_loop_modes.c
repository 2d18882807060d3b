/* The loop and libcurl against klocal, driven in its three ways; TLS; what goes wrong on real
 * sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <kinesis/kinesis.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "foreign_loop.h"
#include "wire/local_service.h"

static struct local_service service;

struct tally {
    atomic_uint good, bad;
    struct sigv4_error last;
};

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    struct tally *t = ctx;
    if (r->error)
        t->last = *r->error;
    atomic_fetch_add(r->error ? &t->bad : &t->good, 1);
}

static int put(struct sigv4_client *client, struct tally *t, struct sigv4_call **call)
{
    return kinesis_put_record(client,
                              KINESIS_PUT_RECORD(.stream = "numbers",
                                                 .partition_key = SIGV4_LIT("adam"),
                                                 .data = SIGV4_LIT("I am a message")),
                              on_put, t, call, NULL);
}

static void open_both(struct sigv4_loop **loop, struct sigv4_client **client, const char *url,
                      uint32_t flags)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    struct sigv4_error err;
    o.endpoint_url = url;
    o.flags = flags;
    assert_int_equal(sigv4_loop_new(loop, NULL, &err), SIGV4_OK);
    if (sigv4_client_new(client, *loop, &o, &err))
        fail_msg("%s", err.message);
}

static void close_both(struct sigv4_loop *loop, struct sigv4_client *client)
{
    sigv4_client_free(client);
    sigv4_loop_free(loop);
}

static void test_callers_thread(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct tally t = {0};
    struct sigv4_call *call;
    open_both(&loop, &client, NULL, 0);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(put(client, &t, NULL), SIGV4_OK);
    assert_int_equal(put(client, &t, &call), SIGV4_OK);
    assert_int_equal(sigv4_call_wait(call, 120000), SIGV4_OK);
    sigv4_call_release(call);
    close_both(loop, client); /* cancels and delivers what is still owed */
    assert_int_equal(t.good + t.bad, 51);
    assert_true(t.good >= 1);
    if (t.bad && t.last.status != SIGV4_E_CANCELED)
        fail_msg("%u failed: %s", t.bad, t.last.message);
}

struct putter {
    struct sigv4_client *client;
    struct tally *tally;
};

static void *put_fifty(void *arg)
{
    struct putter *p = arg;
    for (unsigned i = 0; i < 50; i++) {
        struct sigv4_call *call;
        if (put(p->client, p->tally, &call))
            return (void *)1;
        if (sigv4_call_wait(call, 120000))
            return (void *)2;
        sigv4_call_release(call);
    }
    return NULL;
}

static void test_own_thread(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct tally t = {0};
    struct putter p;
    pthread_t threads[4];
    open_both(&loop, &client, NULL, 0);
    p = (struct putter){client, &t};
    assert_int_equal(sigv4_loop_start(loop, NULL), SIGV4_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_fifty, &p), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(t.good, 200);
    close_both(loop, client);
}

/* ---- inside a poll() ---- */

static void test_embedded(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct tally t = {0};
    struct foreign_loop f;
    open_both(&loop, &client, NULL, 0);
    foreign_loop_embed(&f, loop);
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(put(client, &t, NULL), SIGV4_OK);
    while (t.good + t.bad < 50)
        foreign_loop_turn(&f, loop);
    assert_int_equal(t.good, 50);
    close_both(loop, client);
    assert_int_equal(f.count, 0);
}

/* ---- TLS ---- */

static void test_tls(void **state)
{
    (void)state;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct tally t = {0};
    struct sigv4_call *call;
    const char *url = getenv("KLOCAL_TLS_URL");
    if (!url)
        skip();
    open_both(&loop, &client, url, 0); /* its certificate is our own: not trusted */
    assert_int_equal(put(client, &t, &call), SIGV4_OK);
    assert_int_equal(sigv4_call_wait(call, 120000), SIGV4_OK);
    sigv4_call_release(call);
    close_both(loop, client);
    assert_int_equal(t.bad, 1);
    assert_int_equal(t.last.status, SIGV4_E_TLS);
    open_both(&loop, &client, url, SIGV4_NO_VERIFY_SSL);
    assert_int_equal(put(client, &t, &call), SIGV4_OK);
    assert_int_equal(sigv4_call_wait(call, 120000), SIGV4_OK);
    sigv4_call_release(call);
    close_both(loop, client);
    if (t.good != 1)
        fail_msg("%s", t.last.message);
}

/* ---- nobody there ---- */

static int bound_socket(char url[64], int backlog)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s >= 0 && bind(s, (struct sockaddr *)&a, sizeof a) == 0);
    if (backlog >= 0)
        assert_int_equal(listen(s, backlog), 0);
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &n), 0);
    snprintf(url, 64, "http://127.0.0.1:%u", ntohs(a.sin_port));
    return s;
}

static void put_to(const char *url, struct tally *t)
{
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    struct sigv4_call *call;
    open_both(&loop, &client, url, 0);
    assert_int_equal(put(client, t, &call), SIGV4_OK);
    assert_int_equal(sigv4_call_wait(call, 120000), SIGV4_OK);
    sigv4_call_release(call);
    close_both(loop, client);
    assert_int_equal(t->bad, 1);
}

static void test_refused(void **state)
{
    (void)state;
    struct tally t = {0};
    char url[64];
    int s = bound_socket(url, -1); /* bound, not listening */
    put_to(url, &t);
    assert_int_equal(t.last.status, SIGV4_E_NETWORK);
    assert_int_equal(t.last.os_errno, ECONNREFUSED);
    close(s);
}

/* A listener whose queue is full: connecting times out, and is not tried three times. */
static void test_black_hole(void **state)
{
    (void)state;
    struct tally t = {0};
    char url[64];
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    int s = bound_socket(url, 0), full[4];
    assert_int_equal(getsockname(s, (struct sockaddr *)&a, &n), 0);
    for (size_t i = 0; i < 4; i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(full[i], (struct sockaddr *)&a, sizeof a);
    }
    put_to(url, &t);
    assert_int_equal(t.last.status, SIGV4_E_NETWORK);
    assert_non_null(strstr(t.last.message, "127.0.0.1"));
    for (size_t i = 0; i < 4; i++)
        close(full[i]);
    close(s);
}

static int start_service(void **state)
{
    static char cert[] = "/tmp/klocal-cert-XXXXXX", key[] = "/tmp/klocal-key-XXXXXX";
    const char *args[] = {"--stream", "numbers", "--tls-port", "0", "--cert",
                          cert,       "--key",   key,          NULL};
    char command[512];
    (void)state;
    close(mkstemp(cert));
    close(mkstemp(key));
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
             "subjectAltName=IP:127.0.0.1 -keyout %s -out %s >/dev/null 2>&1",
             key, cert);
    bool started = system(command) == 0 ? local_service_start(&service, args) : false;
    unlink(cert);
    unlink(key);
    return started ? 0 : -1;
}

static int stop_service(void **state)
{
    (void)state;
    local_service_stop(&service);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_callers_thread), cmocka_unit_test(test_own_thread),
        cmocka_unit_test(test_embedded),       cmocka_unit_test(test_tls),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_black_hole),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
