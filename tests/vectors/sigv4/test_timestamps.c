/* Runs vectors/timestamps: what services write as points in time. */
#include "base/moment.h"
#include "vectors/vectors.h"

/* Seconds and nanoseconds of a case as milliseconds. */
static int64_t moment_of(const json_t *test)
{
    int64_t seconds = strtoll(vectors_text(test, "canonical_seconds"), NULL, 10);
    int64_t nanos = json_integer_value(json_object_get(test, "canonical_nanos"));
    return seconds * 1000 + nanos / 1000000;
}

static void check(struct tally *t, const json_t *test, const char *what, const char *expected,
                  const char *got)
{
    unsigned failed = t->failed;
    tally_check(t, vectors_text(test, "iso8601"), what, expected, got);
    t->passed += t->failed == failed;
}

static void run_parse(struct tally *t, const json_t *test, const char *what,
                      bool (*parse)(struct sigv4_slice, int64_t *))
{
    char expected[32], got[32] = "refused";
    int64_t ms;
    snprintf(expected, sizeof expected, "%lld", (long long)moment_of(test));
    if (parse(sigv4_str(vectors_text(test, "smithy_format_value")), &ms))
        snprintf(got, sizeof got, "%lld", (long long)ms);
    check(t, test, what, expected, got);
}

/* Ours always has three digits of a fraction, theirs as few as possible and up to six. */
static void run_format(struct tally *t, const json_t *test)
{
    char got[25], expected[64];
    const char *text = vectors_text(test, "smithy_format_value"), *dot = strchr(text, '.');
    size_t whole = strlen(text) - 1, digits = 0;
    if (dot) {
        whole = (size_t)(dot - text);
        digits = strspn(dot + 1, "0123456789");
    }
    snprintf(expected, sizeof expected, "%.*s.%.*s%.*sZ", (int)whole, text,
             (int)(digits < 3 ? digits : 3), dot ? dot + 1 : "", (int)(digits < 3 ? 3 - digits : 0),
             "000");
    sigv4__moment_iso(moment_of(test), got);
    check(t, test, "format_date_time", expected, got);
}

static void skip_all(struct tally *t, const json_t *root, const char *name, const char *reason)
{
    size_t n = json_array_size(json_object_get(root, name));
    t->skipped += (unsigned)n;
    printf("skipped: %zu cases of %s: %s\n", n, name, reason);
}

int main(void)
{
    struct tally t = {0};
    json_t *root = vectors_load("timestamps/date_time_format_test_suite.json"), *test;
    size_t i;
    json_array_foreach(json_object_get(root, "parse_http_date"), i, test)
    {
        run_parse(&t, test, "parse_http_date", sigv4__moment_parse_http);
    }
    json_array_foreach(json_object_get(root, "parse_date_time"), i, test)
    {
        run_parse(&t, test, "parse_date_time", sigv4__moment_parse_iso);
    }
    json_array_foreach(json_object_get(root, "format_date_time"), i, test)
    {
        if (json_is_true(json_object_get(test, "error")))
            tally_skip(&t, vectors_text(test, "iso8601"), "years out of range are clamped");
        else
            run_format(&t, test);
    }
    skip_all(&t, root, "format_http_date", "nothing here writes HTTP dates");
    skip_all(&t, root, "parse_epoch_seconds", "numbers in JSON: the wire decoders' work");
    skip_all(&t, root, "format_epoch_seconds", "numbers in JSON: the wire encoders' work");
    json_decref(root);
    tally_print(&t, "timestamps");
    return t.failed || t.passed == 0;
}
