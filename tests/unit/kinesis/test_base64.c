/* Base64 on every path this processor can run. */
#include "base64_check.h"

static void every_length_round_trips(void **state)
{
    (void)state;
    size_t i = 0;
    for (const struct kinesis__base64 *path; (path = kinesis__base64_path(i)); i++)
        check_all_lengths(path);
    assert_true(i >= 1);
}

static void every_path_takes_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; kinesis__base64_path(i); i++)
        check_same_as(kinesis__base64_path(i), kinesis__base64_path(0));
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; kinesis__base64_path(i); i++)
        check_strict(kinesis__base64_path(i));
}

/* 64 Ki texts of four characters are all of the last group's possibilities with two of padding. */
static void only_canonical_ends_are_taken(void **state)
{
    (void)state;
    for (size_t p = 0; kinesis__base64_path(p); p++) {
        unsigned taken = 0;
        unsigned char out[8];
        for (unsigned pair = 0; pair < 65536; pair++) {
            char text[4] = {(char)(pair >> 8), (char)pair, '=', '='};
            taken += check_decode(kinesis__base64_path(p), text, 4, out) == 1;
        }
        assert_int_equal(taken, 256);
    }
}

static void the_best_is_the_last(void **state)
{
    (void)state;
    size_t i = 0;
    while (kinesis__base64_path(i + 1))
        i++;
    print_message("best here: %s\n", kinesis__base64_best()->name);
    assert_ptr_equal(kinesis__base64_best(), kinesis__base64_path(i));
    assert_string_equal(kinesis__base64_path(0)->name, "portable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_round_trips), cmocka_unit_test(every_path_takes_the_same),
        cmocka_unit_test(bad_text_is_refused),      cmocka_unit_test(only_canonical_ends_are_taken),
        cmocka_unit_test(the_best_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
