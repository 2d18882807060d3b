/* The syntax of the shared files. */
#include "config/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "edge.h"
#include "unit/counted_alloc.h"

struct parsed {
    struct sigv4__arena arena;
    struct sigv4__section *first;
    struct sigv4_error err;
    int status;
};

static void parse_bytes(struct parsed *p, struct sigv4_slice text, const struct sigv4_alloc *alloc)
{
    sigv4__arena_init(&p->arena, alloc);
    p->status = sigv4__ini_parse(&p->first, &p->arena, text, "file", &p->err);
}

static void parse(struct parsed *p, const char *text)
{
    struct edge edge = edge_make(strlen(text));
    parse_bytes(p, sigv4_bytes(edge_put(&edge, text, strlen(text)), strlen(text)), NULL);
    edge_drop(&edge);
}

static void expect(const char *text, const char *name, const char *value)
{
    struct parsed p;
    parse(&p, text);
    assert_int_equal(p.status, SIGV4_OK);
    const struct sigv4__property *found = sigv4__ini_find(p.first, name);
    if (value) {
        assert_non_null(found);
        assert_string_equal(found->value, value);
    } else {
        assert_null(found);
    }
    sigv4__arena_free(&p.arena);
}

static void expect_error(const char *text, const char *message)
{
    struct parsed p;
    parse(&p, text);
    assert_int_equal(p.status, SIGV4_E_INVALID);
    assert_string_equal(p.err.message, message);
    sigv4__arena_free(&p.arena);
}

static void values(void **state)
{
    (void)state;
    expect("[a]\nk = v", "k", "v");
    expect("[a]\r\nK=v\r\n", "k", "v");
    expect("\xEF\xBB\xBF[a]\nk=v", "k", "v");
    expect("[a]\nk = a=b", "k", "a=b");
    expect("[a]\nk=", "k", "");
    expect("[a]\nk = # gone", "k", "");
    expect("[a]\nk = x#y;z # gone", "k", "x#y;z");
    expect("[a]\nk = x\t; gone", "k", "x");
    expect("[a]\nk = 1\nk = 2", "k", "2");
    expect("[a]\nk k = 1", "k k", NULL);
    expect("[a]\nk!k = 1\n more\nx = 2", "x", "2");
    expect("[a]\nk = \xF0\x9F\x98\x82", "k", "\xF0\x9F\x98\x82");
}

static void continuations(void **state)
{
    (void)state;
    expect("[a]\nk = 1\n  2 \n\t3", "k", "1\n2\n3");
    expect("[a]\nk = 1\n\n# note\n  # note\n 2", "k", "1\n2");
    expect("[a]\nk = 1\n 2 # kept", "k", "1\n2 # kept");
    expect("[a]\nk =\n n = v", "k", "\nn = v");
    expect("[a]\nk = 1\n 2\nl = 3", "l", "3");
}

static void sections(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "# x\n[ one ] ; y\n[two]#z\n\n[one]\nk=v\n");
    assert_int_equal(p.status, SIGV4_OK);
    assert_string_equal(p.first->title, "one");
    assert_int_equal(p.first->line, 2);
    assert_string_equal(p.first->next->title, "two");
    assert_string_equal(p.first->next->next->title, "one");
    assert_int_equal(p.first->next->next->first->line, 6);
    assert_null(p.first->next->next->next);
    sigv4__arena_free(&p.arena);
    parse(&p, "");
    assert_int_equal(p.status, SIGV4_OK);
    assert_null(p.first);
    sigv4__arena_free(&p.arena);
}

static void nested_blocks(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, "[a]\ns3 =\n  Addressing_Style = path # why\n  empty =\n  x = 1\n  x = 2\nk = v");
    assert_int_equal(p.status, SIGV4_OK);
    const struct sigv4__property *block = sigv4__ini_find(p.first, "s3");
    assert_string_equal(block->value, "\nAddressing_Style = path # why\nempty =\nx = 1\nx = 2");
    assert_string_equal(sigv4__ini_nested(block, "addressing_style"), "path");
    assert_string_equal(sigv4__ini_nested(block, "empty"), "");
    assert_string_equal(sigv4__ini_nested(block, "x"), "2");
    assert_null(sigv4__ini_nested(block, "y"));
    assert_null(sigv4__ini_nested(sigv4__ini_find(p.first, "k"), "x"));
    sigv4__arena_free(&p.arena);
}

static void errors_name_the_line(void **state)
{
    (void)state;
    expect_error("\n[a", "file:2: the section header has no closing ']'");
    expect_error("[a] b", "file:1: only a comment may follow the ']' of a section header");
    expect_error("k = v", "file:1: a property before the first [section]");
    expect_error("[a]\n k = v", "file:2: an indented line must follow the property it continues");
    expect_error("[a]\nAKIA SECRET", "file:2: expected name = value or [section]");
    expect_error("[a]\n\n = v", "file:3: an indented line must follow the property it continues");
    expect_error("[a]\n=v", "file:2: no name before the '='");
    expect_error("[a]\nk=\n v", "file:3: a line of a nested block needs an '='");
    expect_error("[a]\nk=\n = v", "file:3: a line of a nested block has no name before its '='");
}

static void bounds(void **state)
{
    (void)state;
    struct parsed p;
    size_t n = SIGV4__INI_MAX_FILE + 1;
    char *text = calloc(1, n);
    assert_non_null(text);
    memset(text, '\n', n);
    parse_bytes(&p, sigv4_bytes(text, n), NULL);
    assert_int_equal(p.status, SIGV4_E_TOO_LARGE);
    memcpy(text, "[a]\nk=", 6);
    memset(text + 6, 'x', SIGV4__INI_MAX_LINE - 2);
    parse_bytes(&p, sigv4_bytes(text, n - 1), NULL);
    assert_int_equal(p.status, SIGV4_OK);
    assert_int_equal(strlen(p.first->first->value), SIGV4__INI_MAX_LINE - 2);
    sigv4__arena_free(&p.arena);
    text[4 + SIGV4__INI_MAX_LINE] = 'x';
    parse_bytes(&p, sigv4_bytes(text, n - 1), NULL);
    assert_int_equal(p.status, SIGV4_E_TOO_LARGE);
    assert_string_equal(p.err.message, "file:2: line longer than 65536 bytes");
    sigv4__arena_free(&p.arena);
    parse_bytes(&p, sigv4_bytes("[a]\0\n", 5), NULL);
    assert_int_equal(p.status, SIGV4_E_INVALID);
    sigv4__arena_free(&p.arena);
    free(text);
}

/* Every prefix of a full-featured file: no byte behind the end is read. */
static void every_prefix(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF[profile a] # x\r\nk = v ; y\n -c\n\ns3 =\n a = b\n";
    struct edge edge = edge_make(sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        struct parsed p;
        parse_bytes(&p, sigv4_bytes(edge_put(&edge, text, n), n), NULL);
        assert_true(p.status == SIGV4_OK || p.status == SIGV4_E_INVALID);
        sigv4__arena_free(&p.arena);
    }
    edge_drop(&edge);
}

static void no_memory(void **state)
{
    (void)state;
    struct counted_alloc counted = {0};
    struct sigv4_alloc alloc = counted_alloc(&counted);
    char text[40000] = "[a]\nk=";
    memset(text + 6, 'x', 9000);
    strcpy(text + 9006, "\nl=");
    memset(text + 9009, 'y', 9000);
    strcpy(text + 18009, "\nm=\n n=");
    memset(text + 18016, 'z', 9000);
    do {
        struct parsed p;
        counted.requests = 0;
        counted.fail_at++;
        parse_bytes(&p, sigv4_str(text), &alloc);
        assert_int_equal(p.status, counted.requests < counted.fail_at ? SIGV4_OK : SIGV4_E_NOMEM);
        sigv4__arena_free(&p.arena);
        assert_int_equal(counted.live, 0);
    } while (counted.requests >= counted.fail_at);
    assert_true(counted.fail_at > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),       cmocka_unit_test(continuations),
        cmocka_unit_test(sections),     cmocka_unit_test(nested_blocks),
        cmocka_unit_test(bounds),       cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(every_prefix), cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
