/* Growable buffers: limits, sticky errors, every allocation failing, secrets. */
#include "base/buffer.h"
#include "failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void check_text(const struct sigv4__buffer *b, const char *expected)
{
    struct sigv4_slice view = sigv4__buffer_view(b);
    assert_int_equal(view.len, strlen(expected));
    assert_memory_equal(view.ptr, expected, view.len);
}

/* One of each kind of append. */
static void write_all_kinds(struct sigv4__buffer *b)
{
    sigv4__buffer_append(b, "ab", 2);
    sigv4__buffer_append(b, NULL, 0);
    sigv4__buffer_slice(b, SIGV4_LIT("cd"));
    sigv4__buffer_str(b, "e");
    sigv4__buffer_char(b, 'f');
    sigv4__buffer_uint(b, 0);
    sigv4__buffer_uint(b, UINT64_MAX);
    sigv4__buffer_format(b, "%s=%d", "x", -7);
}
#define ALL_KINDS "abcdef018446744073709551615x=-7"

static void test_appending(void **state)
{
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, NULL, 1000);
    check_text(&b, "");
    write_all_kinds(&b);
    assert_int_equal(b.failed, SIGV4_OK);
    check_text(&b, ALL_KINDS);
    assert_string_equal(sigv4__buffer_cstr(&b), ALL_KINDS);
    check_text(&b, ALL_KINDS);
    sigv4__buffer_clear(&b);
    check_text(&b, "");
    sigv4__buffer_free(&b);
    sigv4__buffer_free(&b);
}

static void test_the_maximum_is_exact_and_sticky(void **state)
{
    struct sigv4__buffer b;
    (void)state;
    for (size_t max = 0; max < 1200; max += 1 + max / 7) {
        sigv4__buffer_init(&b, NULL, max);
        for (size_t i = 0; i < max; i++)
            sigv4__buffer_char(&b, 'x');
        assert_int_equal(b.failed, SIGV4_OK);
        assert_int_equal(b.len, max);
        assert_true(b.cap <= max);
        sigv4__buffer_char(&b, 'x');
        assert_int_equal(b.failed, SIGV4_E_TOO_LARGE);
        assert_null(sigv4__buffer_cstr(&b));
        sigv4__buffer_clear(&b);
        assert_int_equal(b.failed, SIGV4_OK);
        sigv4__buffer_free(&b);
    }
    sigv4__buffer_init(&b, NULL, 10);
    sigv4__buffer_str(&b, "12345678901");
    sigv4__buffer_str(&b, "1");
    sigv4__buffer_format(&b, "%d", 1);
    assert_int_equal(b.len, 0);
    assert_int_equal(sigv4__buffer_reserve(&b, 0), SIGV4_E_TOO_LARGE);
    sigv4__buffer_free(&b);
}

static void test_sizes_that_overflow(void **state)
{
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, NULL, SIZE_MAX);
    sigv4__buffer_char(&b, 'x');
    assert_int_equal(sigv4__buffer_reserve(&b, SIZE_MAX), SIGV4_E_TOO_LARGE);
    sigv4__buffer_free(&b);
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        struct failing_alloc alloc = {0};
        struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
        struct sigv4__buffer b;
        sigv4__buffer_init(&b, &hooks, 100000);
        failing_alloc_fail(&alloc, n);
        for (int i = 0; i < 100; i++)
            write_all_kinds(&b);
        assert_int_equal(b.failed, alloc.failures ? SIGV4_E_NOMEM : SIGV4_OK);
        sigv4__buffer_free(&b);
        assert_true(failing_alloc_clean(&alloc));
        if (!alloc.failures) {
            assert_true(n > 3);
            break;
        }
    }
}

static void test_taking_the_block(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4__buffer b;
    size_t len, cap;
    (void)state;
    sigv4__buffer_init(&b, &hooks, 1000);
    assert_null(sigv4__buffer_take(&b, &len, &cap));
    assert_int_equal(cap, 0);
    sigv4__buffer_str(&b, "hello");
    char *block = sigv4__buffer_take(&b, &len, &cap);
    assert_int_equal(len, 5);
    assert_memory_equal(block, "hello", 5);
    sigv4__buffer_str(&b, "again");
    check_text(&b, "again");
    sigv4__buffer_free(&b);
    hooks.put(hooks.ctx, block, cap);
    assert_true(failing_alloc_clean(&alloc));
}

static void must_be_zero(void *ctx, const void *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const char *)block)[i], 0);
    ++*(size_t *)ctx;
}

static void test_secrets_are_wiped(void **state)
{
    size_t wiped = 0;
    struct failing_alloc alloc = {.inspect = must_be_zero, .inspect_ctx = &wiped};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    struct sigv4__buffer b;
    (void)state;
    sigv4__buffer_init(&b, &hooks, 1000);
    sigv4__buffer_free_secret(&b);
    sigv4__buffer_str(&b, "secret");
    sigv4__buffer_free_secret(&b);
    assert_int_equal(wiped, 1);
    assert_true(failing_alloc_clean(&alloc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appending),
        cmocka_unit_test(test_the_maximum_is_exact_and_sticky),
        cmocka_unit_test(test_sizes_that_overflow),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_taking_the_block),
        cmocka_unit_test(test_secrets_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
