/* The allocator hook with checked sizes. */
#include "base/memory.h"
#include "failing_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above. */
#include <cmocka.h>

static void test_sizes_that_overflow(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    (void)state;
    assert_null(sigv4__alloc_zero(&hooks, SIZE_MAX / 2 + 1, 2));
    assert_null(sigv4__alloc_zero(&hooks, 3, SIZE_MAX / 2));
    assert_null(sigv4__string_copy(&hooks, sigv4_bytes("x", SIZE_MAX)));
    assert_int_equal(alloc.requests, 0);
}

static void test_zeroed(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    (void)state;
    char *p = sigv4__alloc_zero(&hooks, 10, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    sigv4__alloc_put(&hooks, p, 100);
    sigv4__alloc_put(&hooks, NULL, 100);
    assert_true(failing_alloc_clean(&alloc));
}

/* Nothing is still a block: NULL only ever means no memory. */
static void test_nothing_is_a_block(void **state)
{
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    (void)state;
    void *p = sigv4__alloc_get(&hooks, 0);
    assert_non_null(p);
    p = sigv4__alloc_resize(&hooks, p, 1, 0);
    assert_non_null(p);
    sigv4__alloc_put(&hooks, p, 0);
    p = sigv4__alloc_resize(&hooks, NULL, 0, 5);
    assert_non_null(p);
    sigv4__alloc_put(&hooks, p, 5);
    assert_true(failing_alloc_clean(&alloc));
}

static void must_be_zero(void *ctx, const void *block, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const char *)block)[i], 0);
    ++*(size_t *)ctx;
}

static void test_strings(void **state)
{
    size_t wiped = 0;
    struct failing_alloc alloc = {0};
    struct sigv4_alloc hooks = failing_alloc_hooks(&alloc);
    (void)state;
    char *s = sigv4__string_copy(&hooks, SIGV4_LIT("text"));
    assert_string_equal(s, "text");
    sigv4__string_free(&hooks, s);
    s = sigv4__string_copy(&hooks, sigv4_bytes(NULL, 0));
    assert_string_equal(s, "");
    sigv4__string_free(&hooks, s);
    sigv4__string_free(&hooks, NULL);
    sigv4__string_free_secret(&hooks, NULL);
    s = sigv4__string_copy(&hooks, SIGV4_LIT("secret"));
    alloc.inspect = must_be_zero;
    alloc.inspect_ctx = &wiped;
    sigv4__string_free_secret(&hooks, s);
    assert_int_equal(wiped, 1);
    failing_alloc_fail(&alloc, 1);
    assert_null(sigv4__string_copy(&hooks, SIGV4_LIT("text")));
    assert_true(failing_alloc_clean(&alloc));
}

static void test_malloc_by_default(void **state)
{
    struct sigv4_alloc hooks = sigv4__alloc_or_default(NULL);
    (void)state;
    char *p = sigv4__alloc_get(&hooks, 3);
    memcpy(p, "abc", 3);
    p = sigv4__alloc_resize(&hooks, p, 3, 1000);
    assert_memory_equal(p, "abc", 3);
    sigv4__alloc_put(&hooks, p, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_that_overflow), cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_nothing_is_a_block),  cmocka_unit_test(test_strings),
        cmocka_unit_test(test_malloc_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
