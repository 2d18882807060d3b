/* Command lines cut into words without a shell. */
#include "credentials/process.h"
#include "edge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* "[a][b c]" for two words. */
static int split(const char *command, char *shown, size_t cap)
{
    struct sigv4__buffer text;
    char *argv[SIGV4__MAX_WORDS + 1];
    size_t n = strlen(command) + 1, used = 0;
    struct edge edge = edge_make(n);
    sigv4__buffer_init(&text, NULL, 4096);
    int status = sigv4__words_split(edge_put(&edge, command, n), &text, argv);
    shown[0] = '\0';
    for (size_t i = 0; !status && argv[i]; i++)
        used += (size_t)snprintf(shown + used, cap - used, "[%s]", argv[i]);
    sigv4__buffer_free(&text);
    edge_drop(&edge);
    return status;
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *command, *shown;
    } cases[] = {
        {"a", "[a]"},
        {"  /usr/bin/tool  --x\t1 \n", "[/usr/bin/tool][--x][1]"},
        {"a 'b c' \"d e\" f\\ g", "[a][b c][d e][f g]"},
        {"a'b'\"c\"d", "[abcd]"},
        {"a '' \"\"", "[a][][]"},
        {"a '\\' \"\\\"\\\\\\n$x\" \\\\", "[a][\\][\"\\\\n$x][\\]"},
        {"a | b > c; $(d) `e` ~ *", "[a][|][b][>][c;][$(d)][`e`][~][*]"},
        {"\"C:\\tool\" x", "[C:\\tool][x]"},
    };
    char shown[512];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(split(cases[i].command, shown, sizeof shown), 0);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",     "  ",   "'",      "a 'b",
                                        "a\"b", "a \\", "a \"\\", "a \"b\\\""};
    char shown[512], many[4 * SIGV4__MAX_WORDS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(split(cases[i], shown, sizeof shown), SIGV4_E_INVALID);
    many[0] = '\0';
    for (int i = 0; i < SIGV4__MAX_WORDS; i++)
        strcat(many, "a ");
    assert_int_equal(split(many, shown, sizeof shown), 0);
    strcat(many, "a");
    assert_int_equal(split(many, shown, sizeof shown), SIGV4_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
