/* The curl engine takes the proxy it is given, and none when told so, whatever the environment
 * says; what a proxy did not let through was not sent. A listener on loopback is proxy and server
 * in one and keeps the request line it was sent. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <sigv4/engine.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct listener {
    int fd;
    unsigned port;
    pthread_t thread;
    const char *answer;
    char line[256];
};

static const char fine[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

static void *serve_one(void *ctx)
{
    struct listener *l = ctx;
    size_t length = strlen(l->answer);
    char text[2048] = "";
    size_t n = 0;
    int fd = accept(l->fd, NULL, NULL);
    while (fd >= 0 && n + 1 < sizeof text && !strstr(text, "\r\n\r\n")) {
        ssize_t got = read(fd, text + n, sizeof text - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    snprintf(l->line, sizeof l->line, "%.*s", (int)strcspn(text, "\r"), text);
    if (fd >= 0 && write(fd, l->answer, length) == (ssize_t)length)
        close(fd);
    return NULL;
}

static void listen_once(struct listener *l, const char *answer)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    memset(l, 0, sizeof *l);
    l->answer = answer;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l->fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(l->fd, 1), 0);
    assert_int_equal(getsockname(l->fd, (struct sockaddr *)&a, &len), 0);
    l->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&l->thread, NULL, serve_one, l), 0);
}

struct outcome {
    bool done;
    int status, http_status;
    bool connected, request_sent;
};

static void on_header(void *ctx, struct sigv4_slice name, struct sigv4_slice value)
{
    (void)ctx;
    (void)name;
    (void)value;
}

static enum sigv4_flow on_body(void *ctx, struct sigv4_slice chunk)
{
    (void)ctx;
    (void)chunk;
    return SIGV4_GO_ON;
}

static void on_done(void *ctx, const struct sigv4_http_result *result)
{
    struct outcome *o = ctx;
    print_message("%s\n", result->detail);
    *o = (struct outcome){true, result->status, result->http_status, result->connected,
                          result->request_sent};
}

/* GETs url through proxy; the request line the listener saw is in l->line. */
static struct outcome ask(struct listener *l, const char *url, const char *proxy)
{
    struct sigv4_loop *loop;
    struct outcome outcome = {0};
    struct sigv4_http_options how = {.size = sizeof how, .proxy = proxy};
    struct sigv4_transfer t = {.size = sizeof t,
                               .method = SIGV4_LIT("GET"),
                               .url = url,
                               .options = &how,
                               .on_header = on_header,
                               .on_body = on_body,
                               .on_done = on_done,
                               .ctx = &outcome};
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), SIGV4_OK);
    struct sigv4_engine *engine = sigv4_loop_engine(loop);
    assert_int_equal(engine->ops->start(engine, &t), SIGV4_OK);
    while (!outcome.done)
        assert_true(engine->ops->poll(engine, 1000) >= 0);
    sigv4_loop_free(loop);
    shutdown(l->fd, SHUT_RDWR); /* wakes a listener that nobody asked */
    pthread_join(l->thread, NULL);
    close(l->fd);
    return outcome;
}

static void get(struct listener *l, const char *url, const char *proxy)
{
    struct outcome outcome = ask(l, url, proxy);
    assert_int_equal(outcome.status, SIGV4_OK);
    assert_int_equal(outcome.http_status, 200);
}

static void a_given_proxy_counts(void **state)
{
    struct listener l;
    char proxy[64];
    (void)state;
    setenv("no_proxy", "*", 1);
    setenv("http_proxy", "", 1);
    listen_once(&l, fine);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", l.port);
    get(&l, "http://kinesis.invalid/x", proxy);
    assert_string_equal(l.line, "GET http://kinesis.invalid/x HTTP/1.1");
}

static void none_means_none(void **state)
{
    struct listener l;
    char url[64];
    (void)state;
    setenv("no_proxy", "", 1);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    listen_once(&l, fine);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", l.port);
    get(&l, url, "");
    assert_string_equal(l.line, "GET /x HTTP/1.1");
}

/* The proxy was sent a CONNECT, the service nothing: a record cannot have been written. */
static void not_sent(const char *answer)
{
    struct listener l;
    char proxy[64];
    listen_once(&l, answer);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", l.port);
    struct outcome outcome = ask(&l, "https://kinesis.invalid/x", proxy);
    assert_string_equal(l.line, "CONNECT kinesis.invalid:443 HTTP/1.1");
    assert_int_not_equal(outcome.status, SIGV4_OK);
    assert_false(outcome.connected);
    assert_false(outcome.request_sent);
}

static void a_proxy_that_refuses(void **state)
{
    (void)state;
    not_sent("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
}

static void a_proxy_that_hangs_up(void **state)
{
    (void)state;
    not_sent("");
}

static void no_tls_behind_the_proxy(void **state)
{
    (void)state;
    not_sent("HTTP/1.1 200 OK\r\n\r\nthis is no TLS, and it is long enough to be seen so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_given_proxy_counts),    cmocka_unit_test(none_means_none),
        cmocka_unit_test(a_proxy_that_refuses),    cmocka_unit_test(a_proxy_that_hangs_up),
        cmocka_unit_test(no_tls_behind_the_proxy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
