/* After keys were used and let go, no writable page of this process holds a whole secret: neither
 * our memory nor jansson's nor expat's. (libcurl's buffers are not in the game: the fake engine
 * stands in its place. Nor is the environment, which is not ours to wipe.) */
#include "credentials/sts_answer.h"
#include "flow/scene.h"
#include "memory_search.h"

/* Writes text to a file, with the secret in the place of each '@'; no copy stays in memory. */
static void write_with_secret(struct scene *s, const char *path, const char *text)
{
    char full[512];
    scene_write(s, path, "");
    snprintf(full, sizeof full, "%s/%s", s->home, path);
    int fd = open(full, O_WRONLY | O_TRUNC);
    for (; *text; text++)
        for (int i = 0; i < (*text == '@' ? LENGTH : 1); i++) {
            unsigned char c = *text == '@' ? masked[i] ^ MASK : (unsigned char)*text;
            assert_int_equal(write(fd, &c, 1), 1);
        }
    close(fd);
}

static void run(struct sigv4_loop *loop, const char *profile)
{
    struct sigv4_provider *provider;
    struct outcome o = {0};
    assert_int_equal(sigv4_provider_new_profile(&provider, profile, NULL), 0);
    assert_int_equal(sigv4_provider_fetch(provider, loop, outcome_set, &o), 0);
    while (!o.done)
        assert_int_equal(sigv4_loop_run(loop, 1000), 0);
    if (!o.creds)
        print_error("%s: %s\n", profile, o.err.message);
    assert_non_null(o.creds);
    size_t held = occurrences();
    print_message("%s: %zu copies while the keys are held, ", profile, held);
    assert_true(held >= 1); /* the search finds what is there */
    outcome_clear(&o);
    sigv4_provider_free(provider);
}

/* An answer of STS, read and forgotten. */
static void parse_xml(struct scene *s)
{
    struct sigv4__sts_answer answer;
    char path[128], *text = malloc(4096);
    snprintf(path, sizeof path, "%s/answer", s->home);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, 4096);
    close(fd);
    assert_int_equal(sigv4__sts_answer_parse(&answer, sigv4_bytes(text, (size_t)n), NULL), 0);
    explicit_bzero(text, 4096);
    free(text);
    print_message("STS: %zu copies while the keys are held, ", occurrences());
    assert_int_equal(answer.secret_access_key.len, LENGTH);
    sigv4__sts_answer_free(&answer);
}

static void assert_none_left(void)
{
    size_t left = occurrences();
    print_message("%zu afterwards\n", left);
    assert_int_equal(left, 0);
}

static void nothing_is_left(void **state)
{
    (void)state;
    static const char *const profiles[] = {"keys", "program"};
    struct scene s;
    struct sigv4_loop *real;
    make_secret();
    scene_begin(&s);
    assert_int_equal(sigv4_loop_new(&real, NULL, NULL), 0);
    write_with_secret(&s, "document",
                      "{\"Version\": 1, \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"@\", "
                      "\"SessionToken\": \"@\"}");
    write_with_secret(&s, ".aws/credentials",
                      "[keys]\naws_access_key_id = AKID\naws_secret_access_key = @\n"
                      "aws_session_token = @\n");
    scene_write(&s, ".aws/config",
                "[profile program]\ncredential_process = sh -c 'cat $HOME/document'\n");
    write_with_secret(&s, "answer",
                      "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>@"
                      "</SecretAccessKey><SessionToken>@</SessionToken></Credentials></R>");
    assert_int_equal(occurrences(), 0);
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        run(real, profiles[i]);
        assert_none_left();
    }
    parse_xml(&s);
    assert_none_left();
    sigv4_loop_free(real);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
