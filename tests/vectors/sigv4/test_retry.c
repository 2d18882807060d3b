/* Runs vectors/retry: the standard mode of both generations, alone and with a shared quota, and the
 * curve of the adaptive mode. */
#include "client/pace.h"
#include "client/retry.h"
#include "vectors/vectors.h"

struct run {
    struct tally *tally;
    const char *name;
    bool quiet; /* dead ends of a search are counted but not shown */
    struct sigv4__retry_policy policy;
    struct sigv4__quota quota;
};

static uint32_t given_number(const json_t *given, const char *key, uint32_t otherwise)
{
    const json_t *n = json_object_get(given, key);
    return n ? (uint32_t)json_integer_value(n) : otherwise;
}

static struct run start(struct tally *t, const json_t *test, bool older)
{
    const json_t *given = json_object_get(test, "given");
    struct run r = {.tally = t, .name = vectors_text(test, "name")};
    r.policy.older = older;
    r.policy.max_attempts = given_number(given, "max_attempts", 3);
    r.policy.max_delay_ms =
        (uint32_t)(json_number_value(json_object_get(given, "max_backoff_time")) * 1000 + 0.5);
    r.quota.capacity = r.quota.tokens = given_number(given, "initial_retry_tokens", 500);
    return r;
}

static void compare(struct run *r, const char *what, const char *expected, const char *got)
{
    if (!r->quiet)
        tally_check(r->tally, r->name, what, expected, got);
    else if (strcmp(expected, got) != 0)
        r->tally->failed++;
}

static void check_number(struct run *r, const char *what, long long expected, long long got)
{
    char a[24], b[24];
    snprintf(a, sizeof a, "%lld", expected);
    snprintf(b, sizeof b, "%lld", got);
    compare(r, what, a, b);
}

/* exponential_base 1 in the data stands for the longest jitter. */
static struct sigv4__retry_hints hints_of(const json_t *response)
{
    struct sigv4__retry_hints hints = {-1, -1, UINT32_MAX};
    const json_t *headers = json_object_get(response, "headers");
    const char *after = vectors_text(headers, "x-amz-retry-after");
    if (*after)
        hints.amz_retry_after_ms = strtoll(after, NULL, 10);
    return hints;
}

static void run_step(struct run *r, struct sigv4__retry_state *state, const json_t *step)
{
    const json_t *response = json_object_get(step, "response");
    const json_t *expected = json_object_get(step, "expected"), *delay;
    const char *outcome = "success";
    struct sigv4__retry_hints hints = hints_of(response);
    struct sigv4__failed_attempt a = {
        .http_status = (int)json_integer_value(json_object_get(response, "status_code")),
        .code = vectors_text(response, "error_code")};
    struct sigv4__retry_decision d = {0};
    state->attempts++;
    if (a.http_status >= 200 && a.http_status < 300) {
        sigv4__retry_succeeded(&r->quota, state);
    } else {
        d = sigv4__retry_decide(&r->policy, &r->quota, state, sigv4__retry_classify(&a), &hints);
        outcome = d.again         ? "retry_request"
                  : d.quota_empty ? "retry_quota_exceeded"
                                  : "max_attempts_exceeded";
    }
    compare(r, "outcome", vectors_text(expected, "outcome"), outcome);
    check_number(r, "quota", json_integer_value(json_object_get(expected, "retry_quota")),
                 r->quota.tokens);
    delay = json_object_get(expected, "delay");
    if (delay)
        check_number(r, "delay", (long long)(json_number_value(delay) * 1000 + 0.5), d.delay_ms);
}

static void run_alone(struct tally *t, const json_t *test, bool older)
{
    struct run r = start(t, test, older);
    struct sigv4__retry_state state = {0};
    const json_t *step;
    unsigned failed = t->failed;
    size_t i;
    json_array_foreach(json_object_get(test, "responses"), i, step)
    {
        run_step(&r, &state, step);
    }
    t->passed += t->failed == failed;
}

/* Threads that share a quota. The data does not say in which order their steps happened, only what
 * the quota was after each: some order must explain all of it. */
enum { MAX_THREADS = 4 };
struct shared {
    struct run run;
    struct sigv4__retry_state states[MAX_THREADS];
    size_t at[MAX_THREADS]; /* each thread's next step */
};

static bool explain(const struct shared *before, const json_t *threads, uint32_t final_quota)
{
    bool over = true;
    for (size_t i = 0; i < json_array_size(threads) && i < MAX_THREADS; i++) {
        struct shared after = *before;
        struct tally quiet = {0};
        const json_t *step = json_array_get(json_array_get(threads, i), after.at[i]++);
        if (!step)
            continue;
        over = false;
        after.run.tally = &quiet;
        after.run.quiet = true;
        run_step(&after.run, &after.states[i], step);
        if (quiet.failed == 0 && explain(&after, threads, final_quota))
            return true;
    }
    return over && before->run.quota.tokens == final_quota;
}

static void run_shared(struct tally *t, const json_t *test)
{
    struct shared s = {.run = start(t, test, false)};
    uint32_t final_quota =
        (uint32_t)json_integer_value(json_object_get(test, "expected_final_quota"));
    if (explain(&s, json_object_get(test, "threads"), final_quota))
        t->passed++;
    else
        tally_check(t, s.run.name, "an order that explains the quotas", "found", "none");
}

static void run_file(const char *file, bool older, struct tally *total)
{
    struct tally t = {0};
    json_t *tests = vectors_load(file), *test;
    size_t i;
    json_array_foreach(tests, i, test)
    {
        if (json_object_get(test, "threads"))
            run_shared(&t, test);
        else
            run_alone(&t, test, older);
    }
    json_decref(tests);
    tally_print(&t, file);
    total->passed += t.passed;
    total->failed += t.failed;
}

/* The curve of the adaptive mode; a throttle lowers the rate that was last calculated. */
static void run_curve(struct tally *t, const json_t *test)
{
    const json_t *given = json_object_get(test, "given"), *step;
    struct sigv4__pace pace;
    unsigned failed = t->failed;
    size_t i;
    sigv4__pace_init(
        &pace, (int64_t)(json_number_value(json_object_get(given, "last_throttle_time")) * 1000));
    pace.last_max = json_number_value(json_object_get(given, "last_max_rate"));
    double rate = pace.last_max;
    json_array_foreach(json_object_get(test, "cases"), i, step)
    {
        double now = json_number_value(json_object_get(step, "timestamp"));
        double expected = json_number_value(json_object_get(step, "calculated_rate"));
        bool success = strcmp(vectors_text(step, "response"), "success") == 0;
        char a[32], b[32];
        rate = success ? sigv4__pace_raise(&pace, now) : sigv4__pace_lower(&pace, rate, now);
        snprintf(a, sizeof a, "%.9f", expected);
        snprintf(b, sizeof b, "%.9f", rate);
        if (rate > expected + 5e-7 || rate < expected - 5e-7)
            tally_check(t, vectors_text(test, "name"), "rate", a, b);
    }
    t->passed += t->failed == failed;
}

static void run_curves(const char *file, struct tally *total)
{
    struct tally t = {0};
    json_t *tests = vectors_load(file), *test;
    size_t i;
    json_array_foreach(tests, i, test)
    {
        run_curve(&t, test);
    }
    json_decref(tests);
    tally_print(&t, file);
    total->passed += t.passed;
    total->failed += t.failed;
}

int main(void)
{
    struct tally total = {0};
    run_file("retry/standard-2026.json", false, &total);
    run_file("retry/standard-2026-multi-threaded.json", false, &total);
    run_file("retry/standard-v2.json", true, &total);
    run_curves("retry/adaptive-cubic.json", &total);
    printf("skipped: retry/_retry.json: the legacy mode's table; the library has no legacy mode\n"
           "skipped: retry/sdk-default-configuration.json: defaults of SDKs, not cases\n");
    return total.failed || total.passed == 0;
}
