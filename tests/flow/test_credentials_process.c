/* credential_process with real programs on a real loop; its time-out in virtual time. */
#include "flow/scene.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define JSON                                                                                       \
    "{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"" SECRET                        \
    "\",\"SessionToken\":\"" SECRET "-t\",\"Expiration\":\"2026-01-01T01:00:00Z\"}"

struct stage {
    struct scene s; /* its loop is in virtual time */
    struct sigv4_loop *real;
    struct sigv4_provider *provider;
    struct outcome o;
};

/* command: of the profile; SCRIPT in it becomes a file with this script. */
static void begin(struct stage *t, const char *command, const char *script)
{
    char config[1024], path[128];
    struct sigv4_loop_options options = SIGV4_LOOP_OPTIONS;
    memset(t, 0, sizeof *t);
    scene_begin(&t->s);
    scene_write(&t->s, "script", script);
    scene_write(&t->s, "keys", JSON);
    snprintf(path, sizeof path, "%s/script", t->s.home);
    const char *at = strstr(command, "SCRIPT");
    snprintf(config, sizeof config,
             "[default]\naws_account_id = 123456789012\ncredential_process = %.*s%s%s\n",
             at ? (int)(at - command) : (int)strlen(command), command, at ? path : "",
             at ? at + 6 : "");
    scene_write(&t->s, ".aws/config", config);
    options.alloc = &t->s.alloc;
    assert_int_equal(sigv4_loop_new(&t->real, &options, NULL), 0);
    assert_int_equal(sigv4_provider_new_profile(&t->provider, NULL, &t->s.alloc), 0);
}

static void end(struct stage *t)
{
    outcome_clear(&t->o);
    sigv4_provider_free(t->provider);
    sigv4_loop_free(t->real);
    scene_end(&t->s);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombies */
}

static void run(struct stage *t)
{
    outcome_clear(&t->o);
    assert_int_equal(sigv4_provider_fetch(t->provider, t->real, outcome_set, &t->o), 0);
    assert_int_equal(t->o.done, 0);
    while (!t->o.done)
        assert_int_equal(sigv4_loop_run(t->real, 1000), 0);
    assert_int_equal(t->o.done, 1);
}

static void good_programs(void **state)
{
    (void)state;
    static const char *const scripts[] = {
        "cat $HOME/keys",
        "cat; cat $HOME/keys",                         /* stdin is empty */
        "echo warning >&2; cat $HOME/keys",            /* stderr does not matter */
        "sleep 3 & cat $HOME/keys",                    /* who inherits the pipe does not either */
        "test ! -e /proc/self/fd/9 && cat $HOME/keys", /* no descriptor of ours */
        "yes 2>/dev/null | head -c 70000 >&2; cat $HOME/keys",
        "trap '' PIPE; cat $HOME/keys; printf ' '; printf '\\n'",
    };
    int data[2], stdin_before = dup(0);
    assert_int_equal(pipe(data), 0);
    assert_int_equal(dup2(data[0], 0), 0); /* our stdin carries data that never ends */
    assert_int_equal(dup2(data[0], 9), 9);
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct stage t;
        begin(&t, "/bin/sh 'SCRIPT'", scripts[i]);
        run(&t);
        assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
        struct sigv4_keys keys = sigv4_credentials_keys(t.o.creds);
        assert_slice(keys.account_id, "123456789012");
        assert_slice(keys.origin, "credential_process of profile default");
        assert_int_equal(keys.expires_unix, 1767225600 + 3600);
        end(&t);
    }
    close(9);
    close(data[0]);
    close(data[1]);
    dup2(stdin_before, 0);
    close(stdin_before);
}

static void bad_programs(void **state)
{
    (void)state;
    static const struct {
        const char *command, *script, *code, *part;
    } cases[] = {
        {"sh SCRIPT", "echo no luck >&2; echo more >&2; exit 7", "ProcessFailed",
         "credential_process of profile default: exit code 7: no luck"},
        {"sh SCRIPT", "exit 7", "ProcessFailed", "exit code 7"},
        {"sh SCRIPT", "kill -9 $$", "ProcessFailed", "killed by signal 9"},
        {"sh SCRIPT", "echo " SECRET, "MalformedDocument", "not valid JSON"},
        {"sh SCRIPT", "true", "MalformedDocument", "not valid JSON"},
        {"sh SCRIPT", "echo '{\"Version\":2}'", "MalformedDocument", "Version"},
        {"sh SCRIPT", "head -c 65537 /dev/zero; sleep 100", "ProcessFailed",
         "printed more than 65536 bytes"},
        {"sh SCRIPT", "head -c 65536 /dev/zero", "MalformedDocument", "not valid JSON"},
        {"/nonexistent/program --x", "", "ProcessFailed",
         "cannot run /nonexistent/program: No such file"},
        {"echo " SECRET " | cat", "", "MalformedDocument", "not valid JSON"}, /* no shell */
        {"sh \"SCRIPT", "", "InvalidConfiguration", "a quote that does not end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage t;
        begin(&t, cases[i].command, cases[i].script);
        run(&t);
        assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, cases[i].code, cases[i].part);
        end(&t);
    }
}

static void children_reaped_by_others(void **state)
{
    (void)state;
    struct stage t;
    signal(SIGCHLD, SIG_IGN);
    begin(&t, "sh SCRIPT", "cat $HOME/keys");
    run(&t);
    signal(SIGCHLD, SIG_DFL);
    assert_keys(&t.o, "AKID", SECRET, SECRET "-t");
    end(&t);
}

static void freed_while_it_runs(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "sleep 100", "");
    assert_int_equal(sigv4_provider_fetch(t.provider, t.real, outcome_set, &t.o), 0);
    sigv4_loop_run(t.real, 10);
    sigv4_provider_free(t.provider);
    t.provider = NULL;
    while (!t.o.done)
        assert_int_equal(sigv4_loop_run(t.real, 1000), 0);
    assert_failed(&t.o, SIGV4_E_CANCELED, "", "canceled");
    end(&t);
}

static void a_minute_is_enough(void **state)
{
    (void)state;
    struct stage t;
    begin(&t, "sleep 100", "");
    scene_fetch(&t.s, t.provider, &t.o); /* in virtual time */
    assert_failed(&t.o, SIGV4_E_NO_CREDENTIALS, "ProcessFailed", "still running after 60 s");
    assert_in_range(fake_now_ms(t.s.fake), 60000, 60100);
    end(&t);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    bool reached = true;
    unsigned n;
    for (n = 1; reached; n++) {
        struct stage t;
        begin(&t, "cat '", "");
        sigv4_provider_free(t.provider);
        t.provider = NULL;
        char line[512];
        snprintf(line, sizeof line, "[default]\ncredential_process = cat %s/keys\n", t.s.home);
        scene_write(&t.s, ".aws/config", line);
        t.s.memory.fail_at = t.s.memory.requests + n;
        int status = sigv4_provider_new_profile(&t.provider, NULL, &t.s.alloc);
        if (!status)
            status = sigv4_provider_fetch(t.provider, t.real, outcome_set, &t.o);
        while (!status && !t.o.done)
            assert_int_equal(sigv4_loop_run(t.real, 1000), 0);
        reached = t.s.memory.requests >= t.s.memory.fail_at;
        if (!status && !t.o.creds)
            status = t.o.err.status;
        assert_int_equal(status, reached ? SIGV4_E_NOMEM : 0);
        end(&t);
    }
    print_message("%u allocations\n", n - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_programs),
        cmocka_unit_test(bad_programs),
        cmocka_unit_test(children_reaped_by_others),
        cmocka_unit_test(freed_while_it_runs),
        cmocka_unit_test(a_minute_is_enough),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
