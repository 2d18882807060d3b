/* Connections that wait: TCP looks after them before load balancers and NAT forget them (350 s),
 * and one that died meanwhile is noticed before anything is sent on it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <kinesis/kinesis.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "wire/local_service.h"

static struct local_service service;

struct seen {
    int status;
    uint32_t attempts;
    bool reused;
};

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    struct seen *seen = ctx;
    if (r->error)
        print_message("%s\n", r->error->message);
    seen->status = r->error ? r->error->status : 0;
    seen->attempts = r->response->attempts;
    seen->reused = r->response->http && r->response->http->reused;
}

static struct seen put(struct sigv4_client *client)
{
    struct seen seen = {.status = 1};
    struct sigv4_call *call;
    assert_int_equal(
        kinesis_put_record(client,
                           KINESIS_PUT_RECORD(.stream = "idle", .partition_key = SIGV4_LIT("k"),
                                              .data = SIGV4_LIT("x")),
                           on_put, &seen, &call, NULL),
        0);
    assert_int_equal(sigv4_call_wait(call, 60000), 0);
    sigv4_call_release(call);
    return seen;
}

/* Our end of the connection to the service; -1: there is none. */
static int find_connection(void)
{
    unsigned port = (unsigned)atoi(strrchr(getenv("AWS_ENDPOINT_URL"), ':') + 1);
    DIR *open_files = opendir("/proc/self/fd");
    int found = -1;
    for (struct dirent *entry; found < 0 && (entry = readdir(open_files));) {
        struct sockaddr_in peer;
        socklen_t n = sizeof peer;
        int fd = atoi(entry->d_name);
        if (getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            found = fd;
    }
    closedir(open_files);
    return found;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t n = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &n), 0);
    return value;
}

static void test_idle_connections(void **state)
{
    (void)state;
    static const char *const words[] = {"--stream", "idle", NULL};
    struct sigv4_client *client;
    struct sigv4_loop *loop;
    if (!local_service_start(&service, words))
        skip();
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    assert_int_equal(sigv4_client_new(&client, loop, NULL, NULL), 0);
    assert_int_equal(put(client).status, 0);
    assert_true(put(client).reused);

    int fd = find_connection();
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);

    /* It dies while nobody looks: the next request goes out once, on another. */
    assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
    struct seen after = put(client);
    assert_int_equal(after.status, 0);
    assert_int_equal(after.attempts, 1);
    assert_false(after.reused);

    sigv4_client_free(client);
    sigv4_loop_free(loop);
    local_service_stop(&service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_idle_connections)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
