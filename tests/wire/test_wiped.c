/* With libcurl as it is: once a client has sent what it had to and is gone, no writable page of
 * this process holds the secret key it signed with, nor the session token that went over the wire.
 */
#include <kinesis/kinesis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "memory_search.h"
#include "wire/local_service.h"

static struct local_service service;

/* Keys with the secret in one of their parts. (In the environment it would be found for ever.) */
static struct sigv4_provider *provider_of_secret(bool in_token)
{
    char secret[LENGTH];
    struct sigv4_provider *provider;
    struct sigv4_credentials *creds;
    for (int i = 0; i < LENGTH; i++)
        secret[i] = (char)(masked[i] ^ MASK);
    struct sigv4_keys keys = {
        .size = sizeof keys,
        .access_key_id = SIGV4_LIT("AKIDANY"),
        .secret_access_key = in_token ? SIGV4_LIT("other") : sigv4_bytes(secret, LENGTH),
        .session_token = in_token ? sigv4_bytes(secret, LENGTH) : SIGV4_LIT("other"),
        .origin = SIGV4_LIT("test"),
    };
    assert_int_equal(sigv4_credentials_new(&creds, &keys, NULL, NULL), 0);
    assert_int_equal(sigv4_provider_new_static(&provider, creds, NULL), 0);
    sigv4_credentials_release(creds);
    explicit_bzero(secret, sizeof secret);
    return provider;
}

static void on_put(void *ctx, const struct kinesis_put_record_result *r)
{
    if (r->error)
        print_message("%s\n", r->error->message);
    *(int *)ctx = r->error ? r->error->status : 1;
}

static void put(struct sigv4_client *client)
{
    struct sigv4_call *call;
    int done = 0;
    struct kinesis_put_record_input in = {
        .size = sizeof in,
        .stream = "wiped",
        .partition_key = SIGV4_LIT("k"),
        .data = SIGV4_LIT("x"),
    };
    assert_int_equal(kinesis_put_record(client, &in, on_put, &done, &call, NULL), 0);
    assert_int_equal(sigv4_call_wait(call, 60000), 0);
    sigv4_call_release(call);
    assert_int_equal(done, 1);
}

static void use_keys(bool in_token)
{
    struct sigv4_client_options o = SIGV4_CLIENT_OPTIONS;
    struct sigv4_client *client;
    struct sigv4_loop *loop;
    make_secret();
    assert_int_equal(occurrences(), 0);
    struct sigv4_provider *provider = provider_of_secret(in_token);
    assert_int_equal(sigv4_loop_new(&loop, NULL, NULL), 0);
    o.credentials = provider;
    assert_int_equal(sigv4_client_new(&client, loop, &o, NULL), 0);
    for (int i = 0; i < 5; i++)
        put(client);
    size_t held = occurrences();
    sigv4_client_free(client);
    sigv4_loop_free(loop);
    sigv4_provider_free(provider);
    size_t left = occurrences();
    print_message("%s: %zu copies while the keys are held, %zu afterwards, %zu of them libcurl's\n",
                  in_token ? "session token" : "secret key", held, left, occurrences_in_requests);
    assert_true(held >= 1);
    assert_int_equal(left - occurrences_in_requests, 0);
    if (!in_token)
        assert_int_equal(left, 0);
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    static const char *const words[] = {"--no-auth", "--stream", "wiped", NULL};
    if (!local_service_start(&service, words))
        skip();
    use_keys(false);
    use_keys(true);
    local_service_stop(&service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
