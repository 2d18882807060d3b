/* The cache in virtual time: windows, one refresh however many ask, failures, refusals. */
#include "credentials/provider.h"
#include "flow/scene.h"

/* A source that answers after a while with fresh keys of a given life, or fails. */
struct source {
    struct scene *s;
    struct sigv4_timer *timer;
    int64_t life_s, delay_ms;
    int64_t until_s; /* instead of life_s: always the same end */
    bool down;
    unsigned fetches, under_way, most_under_way;
    sigv4_credentials_fn *done;
    void *ctx;
    struct sigv4_job job;
    bool freed, canceled;
};

static void source_answer(struct sigv4_job *job)
{
    struct source *source = (void *)((char *)job - offsetof(struct source, job));
    struct sigv4_credentials *creds = NULL;
    struct sigv4_error err = {.status = SIGV4_E_NO_CREDENTIALS};
    char id[32];
    snprintf(id, sizeof id, "AKID%u", source->fetches);
    strcpy(err.code, "Down");
    strcpy(err.message, "the source is down");
    if (source->canceled)
        err.status = SIGV4_E_CANCELED;
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = sigv4_str(id),
                              .secret_access_key = SIGV4_LIT(SECRET),
                              .origin = SIGV4_LIT("source")};
    if (source->life_s)
        keys.expires_unix = fake_wall_ms(source->s->fake) / 1000 + source->life_s;
    if (source->until_s)
        keys.expires_unix = source->until_s;
    if (!source->down && !source->canceled)
        assert_int_equal(sigv4_credentials_new(&creds, &keys, &source->s->alloc, NULL), 0);
    source->under_way--;
    source->done(source->ctx, creds, creds ? NULL : &err);
    sigv4_credentials_release(creds);
}

static void source_due(void *ctx)
{
    struct source *source = ctx;
    sigv4_loop_notify(source->s->loop, &source->job);
}

static int source_fetch(void *self, struct sigv4_loop *loop, sigv4_credentials_fn *done, void *ctx)
{
    struct source *source = self;
    (void)loop;
    source->fetches++;
    if (++source->under_way > source->most_under_way)
        source->most_under_way = source->under_way;
    source->done = done;
    source->ctx = ctx;
    sigv4_timer_set(source->timer, source->delay_ms);
    return SIGV4_OK;
}

static void source_cancel(void *self)
{
    struct source *source = self;
    source->canceled = true;
    sigv4_timer_set(source->timer, 0);
}

static void source_free(void *self)
{
    ((struct source *)self)->freed = true;
}

struct stage {
    struct scene s;
    struct source source;
    struct sigv4_provider *cache;
    struct outcome o;
};

static void begin(struct stage *t, int64_t life_s, int64_t delay_ms)
{
    static const struct sigv4_provider_ops ops = {
        .size = sizeof ops, .fetch = source_fetch, .free = source_free, .cancel = source_cancel};
    struct sigv4_provider *source;
    memset(t, 0, sizeof *t);
    scene_begin(&t->s);
    t->source.s = &t->s;
    t->source.life_s = life_s;
    t->source.delay_ms = delay_ms;
    t->source.job.run = source_answer;
    assert_int_equal(sigv4_timer_new(&t->source.timer, t->s.loop, source_due, &t->source), 0);
    assert_int_equal(sigv4_provider_new(&source, &ops, &t->source, &t->s.alloc), 0);
    assert_int_equal(sigv4_provider_new_cache(&t->cache, source, &t->s.alloc), 0);
}

static void end(struct stage *t)
{
    outcome_clear(&t->o);
    sigv4_provider_free(t->cache);
    fake_run_ms(t->s.fake, t->s.loop, 60 * 1000);
    assert_true(t->source.freed);
    sigv4_timer_free(t->source.timer);
    scene_end(&t->s);
}

/* Fetches at this moment; ms it took. */
static int64_t fetch(struct stage *t)
{
    int64_t start = fake_now_ms(t->s.fake);
    scene_fetch(&t->s, t->cache, &t->o);
    return fake_now_ms(t->s.fake) - start;
}

static void assert_id(struct stage *t, const char *id)
{
    assert_keys(&t->o, id, SECRET, NULL);
}

static void keys_of_an_hour(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 3600, 200);
    assert_null(sigv4__provider_now(t.cache, t.s.loop)); /* asks, too */
    assert_int_equal(t.source.fetches, 1);
    assert_int_equal(fetch(&t), 200);
    assert_id(&t, "AKID1");
    assert_ptr_equal(sigv4__provider_now(t.cache, t.s.loop), t.o.creds);
    fake_run_ms(t.s.fake, t.s.loop, 40 * 60 * 1000); /* 20 minutes left: fresh */
    assert_int_equal(fetch(&t), 0);
    assert_int_equal(t.source.fetches, 1);
    fake_run_ms(t.s.fake, t.s.loop, 6 * 60 * 1000); /* 14: the old ones, a refresh behind */
    assert_int_equal(fetch(&t), 0);
    assert_id(&t, "AKID1");
    assert_int_equal(t.source.fetches, 2);
    fake_run_ms(t.s.fake, t.s.loop, 300);
    assert_int_equal(fetch(&t), 0);
    assert_id(&t, "AKID2");
    fake_run_ms(t.s.fake, t.s.loop, 51 * 60 * 1000); /* 9: wait for new ones */
    assert_null(sigv4__provider_now(t.cache, t.s.loop));
    assert_int_equal(fetch(&t), 200);
    assert_id(&t, "AKID3");
    fake_run_ms(t.s.fake, t.s.loop, 2 * 3600 * 1000); /* long gone */
    assert_int_equal(fetch(&t), 200);
    assert_id(&t, "AKID4");
    assert_int_equal(t.source.most_under_way, 1);
    end(&t);
}

static void keys_of_three_seconds(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 3, 50);
    fetch(&t);
    int64_t longest = 0;
    for (int i = 0; i < 6000; i++) { /* a minute at 100 requests a second */
        int64_t took = fetch(&t);
        longest = took > longest ? took : longest;
        assert_non_null(t.o.creds);
        assert_true(sigv4_credentials_keys(t.o.creds).expires_unix * 1000 > fake_wall_ms(t.s.fake));
        fake_run_ms(t.s.fake, t.s.loop, 10);
    }
    print_message("60 s of keys that live 3 s: %u fetches, nobody waited (longest %lld ms)\n",
                  t.source.fetches, (long long)longest);
    assert_int_equal(longest, 0);
    assert_in_range(t.source.fetches, 20, 40);
    assert_int_equal(t.source.most_under_way, 1);
    end(&t);
}

static void keys_that_never_expire(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 0, 0);
    fetch(&t);
    fake_set_wall_ms(t.s.fake, INT64_C(4102444800000)); /* 2100 */
    fetch(&t);
    assert_int_equal(t.source.fetches, 1);
    assert_id(&t, "AKID1");
    end(&t);
}

static void the_moment_of_the_refresh_is_spread(void **state)
{
    (void)state;
    int64_t first = 0, last = 0;
    struct stage t;
    begin(&t, 3600, 0);
    for (int i = 0; i < 40; i++) {
        fetch(&t);
        int64_t got = fake_now_ms(t.s.fake);
        for (unsigned n = t.source.fetches; t.source.fetches == n;) {
            fetch(&t);
            fake_run_ms(t.s.fake, t.s.loop, 5000);
        }
        int64_t age = fake_now_ms(t.s.fake) - got;
        first = !first || age < first ? age : first;
        last = age > last ? age : last;
    }
    print_message("refreshed after %lld to %lld s of 3600\n", (long long)first / 1000,
                  (long long)last / 1000);
    assert_in_range(first, 2400 * 1000, 2700 * 1000);
    assert_in_range(last, first + 60 * 1000, 2710 * 1000);
    end(&t);
}

static bool all_done(void *ctx)
{
    struct outcome *all = ctx;
    for (int i = 0; i < 100; i++)
        if (!all[i].done)
            return false;
    return true;
}

static void a_hundred_wait_for_one(void **state)
{
    (void)state;
    struct stage t;
    struct outcome all[100] = {{0}};
    begin(&t, 3600, 700);
    for (int down = 0; down < 2; down++) {
        unsigned before = t.source.fetches;
        t.source.down = down;
        for (int i = 0; i < 100; i++)
            assert_int_equal(scene_ask(&t.s, t.cache, &all[i]), 0);
        assert_true(fake_run_until(t.s.fake, t.s.loop, all_done, all));
        assert_int_equal(t.source.fetches, before + 1);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(all[i].done, 1);
            assert_true(!!all[i].creds == !down);
            if (down)
                assert_failed(&all[i], SIGV4_E_NO_CREDENTIALS, "Down", "down");
            outcome_clear(&all[i]);
        }
        fake_pass_ms(t.s.fake, 3601 * 1000);
    }
    end(&t);
}

static void down_for_a_while(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 3600, 1000);
    fetch(&t);
    t.source.down = true;
    fake_run_ms(t.s.fake, t.s.loop, 40 * 60 * 1000);
    unsigned failed = 0, asked = 0;
    int64_t longest = 0;
    while (fake_now_ms(t.s.fake) < 3500 * 1000) { /* the old keys are good to the end */
        int64_t took = fetch(&t);
        longest = took > longest ? took : longest;
        failed += t.o.creds == NULL;
        asked++;
        fake_run_ms(t.s.fake, t.s.loop, 100);
    }
    print_message("down for 1100 s: %u asked, %u failed, %u refreshes, longest wait %lld ms\n",
                  asked, failed, t.source.fetches - 1, (long long)longest);
    assert_int_equal(failed, 0);
    assert_id(&t, "AKID1");
    assert_in_range(t.source.fetches, 20, 80);
    assert_true(longest <= 1000);
    /* Past the end there is nothing to hand out, and still no stampede. */
    fake_run_ms(t.s.fake, t.s.loop, 200 * 1000);
    unsigned before = t.source.fetches;
    for (int i = 0; i < 1000; i++) {
        fetch(&t);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "Down", "down");
    }
    print_message("1000 asked after the end: %u more refreshes\n", t.source.fetches - before);
    assert_true(t.source.fetches - before <= 1);
    t.source.down = false;
    fake_run_ms(t.s.fake, t.s.loop, 30 * 1000);
    fetch(&t);
    assert_non_null(t.o.creds);
    end(&t);
}

static void expired_on_arrival(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, -100, 0);
    for (int i = 0; i < 1000; i++) {
        fetch(&t);
        assert_non_null(t.o.creds); /* the service decides */
    }
    assert_int_equal(t.source.fetches, 1);
    fake_run_ms(t.s.fake, t.s.loop, 40 * 1000);
    t.source.life_s = 3600;
    fetch(&t);
    assert_id(&t, "AKID2");
    end(&t);
}

/* A source that has nothing newer is asked now and then, and more often towards the end. */
static void nothing_newer(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 0, 0);
    t.source.until_s = fake_wall_ms(t.s.fake) / 1000 + 3600;
    while (fake_now_ms(t.s.fake) < 3700 * 1000) {
        fetch(&t);
        assert_non_null(t.o.creds);
        fake_run_ms(t.s.fake, t.s.loop, 50);
    }
    print_message("an hour of the same keys, and 100 s more: %u refreshes\n", t.source.fetches);
    assert_in_range(t.source.fetches, 5, 40);
    end(&t);
}

struct last_user {
    struct stage *t;
    unsigned done;
};

/* Asks again and frees the provider, all inside its callback. */
static void leave(void *ctx, struct sigv4_credentials *creds, const struct sigv4_error *err)
{
    struct last_user *user = ctx;
    (void)err;
    if (user->done++ == 0) {
        assert_non_null(creds);
        assert_int_equal(sigv4_provider_fetch(user->t->cache, user->t->s.loop, leave, user), 0);
        sigv4_provider_free(user->t->cache);
        assert_int_equal(sigv4_provider_fetch(user->t->cache, user->t->s.loop, leave, user),
                         SIGV4_E_CLOSED);
        user->t->cache = NULL;
    }
}

static bool left(void *ctx)
{
    return ((struct last_user *)ctx)->done == 2;
}

static void freed_inside_its_own_callback(void **state)
{
    (void)state;
    struct stage t;
    struct last_user user = {&t, 0};
    begin(&t, 3600, 10);
    assert_int_equal(sigv4_provider_fetch(t.cache, t.s.loop, leave, &user), 0);
    assert_true(fake_run_until(t.s.fake, t.s.loop, left, &user));
    end(&t);
}

static void refused_keys_are_replaced_once(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 3600, 50);
    fetch(&t);
    struct sigv4_credentials *old = sigv4_credentials_hold(t.o.creds);
    fake_run_ms(t.s.fake, t.s.loop, 5000);
    for (int i = 0; i < 10; i++) /* ten requests were under way with them */
        sigv4_provider_refuse(t.cache, old);
    assert_int_equal(fetch(&t), 50);
    assert_id(&t, "AKID2");
    sigv4_provider_refuse(t.cache, old);
    assert_int_equal(fetch(&t), 0);
    assert_id(&t, "AKID2");
    assert_int_equal(t.source.fetches, 2);
    /* New ones refused at once: the source is not asked faster than once a second. */
    for (int i = 0; i < 100; i++) {
        sigv4_provider_refuse(t.cache, t.o.creds);
        fetch(&t);
    }
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ExpiredToken", "takes the keys from source");
    assert_int_equal(t.source.fetches, 2);
    fake_run_ms(t.s.fake, t.s.loop, 1000);
    fetch(&t);
    assert_id(&t, "AKID3");
    sigv4_credentials_release(old);
    end(&t);
}

static void freed_with_waiters_and_with_a_refresh_behind(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, 3600, 5000);
    assert_int_equal(scene_ask(&t.s, t.cache, &t.o), 0);
    sigv4_provider_free(t.cache);
    t.cache = NULL;
    assert_true(fake_run_until(t.s.fake, t.s.loop, outcome_is_set, &t.o));
    assert_failed(&t.o, SIGV4_E_CANCELED, "Down", "down");
    assert_true(fake_now_ms(t.s.fake) < 5000);
    end(&t);

    begin(&t, 3600, 0);
    fetch(&t);
    t.source.delay_ms = 5000;
    fake_run_ms(t.s.fake, t.s.loop, 46 * 60 * 1000);
    fetch(&t);
    assert_int_equal(t.source.under_way, 1);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_an_hour),
        cmocka_unit_test(keys_of_three_seconds),
        cmocka_unit_test(keys_that_never_expire),
        cmocka_unit_test(the_moment_of_the_refresh_is_spread),
        cmocka_unit_test(a_hundred_wait_for_one),
        cmocka_unit_test(down_for_a_while),
        cmocka_unit_test(expired_on_arrival),
        cmocka_unit_test(nothing_newer),
        cmocka_unit_test(freed_inside_its_own_callback),
        cmocka_unit_test(refused_keys_are_replaced_once),
        cmocka_unit_test(freed_with_waiters_and_with_a_refresh_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
