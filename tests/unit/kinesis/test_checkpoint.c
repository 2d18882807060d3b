/* Checkpoints: positions, their text, and the file. */
#include "edge.h"
#include "failing_alloc.h"

#include <kinesis/checkpoint.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct kinesis_checkpoint *fresh(const char *stream)
{
    struct kinesis_checkpoint *c = NULL;
    assert_int_equal(kinesis_checkpoint_new(&c, stream, NULL, NULL), SIGV4_OK);
    return c;
}

static int put(struct kinesis_checkpoint *c, const char *shard, enum kinesis_position_kind kind,
               const char *sequence, uint64_t sub, int64_t ms)
{
    struct kinesis_position p = {.size = sizeof p,
                                 .shard_id = sigv4_str(shard),
                                 .kind = kind,
                                 .sequence_number = sigv4_str(sequence),
                                 .sub_sequence_number = sub,
                                 .unix_ms = ms};
    return kinesis_checkpoint_set(c, &p, NULL);
}

static const char *text_of(const struct kinesis_checkpoint *c)
{
    static char out[65536];
    struct sigv4_text text = {out, sizeof out - 1, 0};
    assert_int_equal(kinesis_checkpoint_format(c, &text), SIGV4_OK);
    out[text.len] = '\0';
    return out;
}

static void kinds_that_are_none(void **state)
{
    (void)state;
    struct kinesis_checkpoint *c = fresh("numbers");
    assert_int_equal(put(c, "A", (enum kinesis_position_kind)5, "1", 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "A", (enum kinesis_position_kind) - 1, "1", 0, 0), SIGV4_E_INVALID);
    assert_int_equal(kinesis_checkpoint_count(c), 0);
    kinesis_checkpoint_free(c);
}

static const char whole[] = "kinesis-checkpoint 1\n"
                            "stream numbers\n"
                            "shardId-000000000000 end\n"
                            "shardId-000000000001 after 4965300000000000000000000000000000000001\n"
                            "shardId-000000000002 within 49653 12\n"
                            "shardId-000000000003 oldest\n"
                            "shardId-000000000004 time 1767225600000\n"
                            "shards 5\n";

static void fill(struct kinesis_checkpoint *c)
{
    assert_int_equal(put(c, "shardId-000000000003", KINESIS_POSITION_OLDEST, NULL, 0, 0), 0);
    assert_int_equal(put(c, "shardId-000000000001", KINESIS_POSITION_AFTER, "1", 0, 0), 0);
    assert_int_equal(put(c, "shardId-000000000000", KINESIS_POSITION_END, NULL, 0, 0), 0);
    assert_int_equal(put(c, "shardId-000000000004", KINESIS_POSITION_TIME, NULL, 0, 1767225600000),
                     0);
    assert_int_equal(put(c, "shardId-000000000002", KINESIS_POSITION_WITHIN, "49653", 12, 0), 0);
    assert_int_equal(put(c, "shardId-000000000001", KINESIS_POSITION_AFTER,
                         "4965300000000000000000000000000000000001", 0, 0),
                     0);
}

static void there_and_back(void **state)
{
    (void)state;
    struct kinesis_checkpoint *c = fresh("arn:aws:kinesis:us-east-1:123456789012:stream/numbers");
    struct kinesis_position p;
    fill(c);
    assert_string_equal(text_of(c), whole);
    struct kinesis_checkpoint *d = fresh("numbers");
    assert_int_equal(put(d, "old", KINESIS_POSITION_END, NULL, 0, 0), 0);
    assert_int_equal(kinesis_checkpoint_parse(d, SIGV4_LIT(whole), NULL), SIGV4_OK);
    assert_string_equal(text_of(d), whole);
    assert_int_equal(kinesis_checkpoint_count(d), 5);
    assert_true(kinesis_checkpoint_find(d, SIGV4_LIT("shardId-000000000002"), &p));
    assert_int_equal(p.kind, KINESIS_POSITION_WITHIN);
    assert_int_equal(p.sub_sequence_number, 12);
    assert_false(kinesis_checkpoint_find(d, SIGV4_LIT("shardId"), &p));
    assert_false(kinesis_checkpoint_at(d, 5, &p));
    kinesis_checkpoint_clear(d);
    assert_string_equal(text_of(d), "kinesis-checkpoint 1\nstream numbers\nshards 0\n");
    kinesis_checkpoint_free(c);
    kinesis_checkpoint_free(d);
    kinesis_checkpoint_free(NULL);
}

static void refuses_what_is_no_position(void **state)
{
    (void)state;
    struct kinesis_checkpoint *c = fresh("numbers");
    char id[140];
    memset(id, 'a', sizeof id);
    id[129] = '\0';
    assert_int_equal(put(c, "", KINESIS_POSITION_END, NULL, 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "a b", KINESIS_POSITION_END, NULL, 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "a\nb", KINESIS_POSITION_END, NULL, 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, id, KINESIS_POSITION_END, NULL, 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "a", KINESIS_POSITION_AFTER, "", 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "a", KINESIS_POSITION_AFTER, "-1", 0, 0), SIGV4_E_INVALID);
    assert_int_equal(put(c, "a", KINESIS_POSITION_TIME, NULL, 0, -1), SIGV4_E_INVALID);
    struct kinesis_position nul = {
        .size = sizeof nul, .shard_id = SIGV4_LIT("a\0b"), .kind = KINESIS_POSITION_END};
    assert_int_equal(kinesis_checkpoint_set(c, &nul, NULL), SIGV4_E_INVALID);
    assert_int_equal(kinesis_checkpoint_count(c), 0);
    kinesis_checkpoint_free(c);
    assert_int_equal(kinesis_checkpoint_new(&c, "a/b", NULL, NULL), SIGV4_E_INVALID);
}

#define HEAD "kinesis-checkpoint 1\nstream numbers\n"

static void refuses_malformed_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        const char *message;
    } cases[] = {
        {"", SIGV4_E_PROTOCOL, "checkpoint, line 1: this is not a checkpoint"},
        {"{\"json\":1}\n", SIGV4_E_PROTOCOL, "checkpoint, line 1: this is not a checkpoint"},
        {"kinesis-checkpoint 2\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 1: written by another version"},
        {"kinesis-checkpoint 1\nshards 0\n", SIGV4_E_PROTOCOL, "checkpoint, line 2: which stream?"},
        {"kinesis-checkpoint 1\nstream letters\nshards 0\n", SIGV4_E_CONFLICT,
         "the checkpoint is of stream letters, not of numbers"},
        {HEAD, SIGV4_E_PROTOCOL, "checkpoint, line 3: cut off"},
        {HEAD "a end\n", SIGV4_E_PROTOCOL, "checkpoint, line 4: cut off"},
        {HEAD "shards 0", SIGV4_E_PROTOCOL, "checkpoint, line 3: cut off"},
        {HEAD "shards 1\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: not as many shards as it says"},
        {HEAD "shards 0\n\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: not as many shards as it says"},
        {HEAD "\nshards 0\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: no position of a shard"},
        {HEAD "a  end\nshards 1\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: no position of a shard"},
        {HEAD "a end \nshards 1\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: no position of a shard"},
        {HEAD "a\nshards 1\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: no position of a shard"},
        {HEAD "a END\nshards 1\n", SIGV4_E_PROTOCOL, "checkpoint, line 3: no position of a shard"},
        {HEAD "a after\nshards 1\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: no position of a shard"},
        {HEAD "a after x\nshards 1\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: no position of a shard"},
        {HEAD "a within 1\nshards 1\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: no position of a shard"},
        {HEAD "a within 1 18446744073709551616\nshards 1\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: no position of a shard"},
        {HEAD "a within 1 2 3\nshards 1\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 3: no position of a shard"},
        {HEAD "b end\na end\nshards 2\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 4: the shards are not in order"},
        {HEAD "a end\na end\nshards 2\n", SIGV4_E_PROTOCOL,
         "checkpoint, line 4: the shards are not in order"},
    };
    struct kinesis_checkpoint *c = fresh("numbers");
    struct sigv4_error err;
    fill(c);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(kinesis_checkpoint_parse(c, sigv4_str(cases[i].text), &err),
                         cases[i].status);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(text_of(c), whole);
    }
    kinesis_checkpoint_free(c);
}

/* Each beginning of it is cut off, also one that ends at a page that cannot be read. */
static void every_beginning_is_refused(void **state)
{
    (void)state;
    struct kinesis_checkpoint *c = fresh("numbers");
    struct edge edge = edge_make(sizeof whole);
    for (size_t n = 0; n < sizeof whole - 1; n++)
        assert_int_equal(
            kinesis_checkpoint_parse(c, sigv4_bytes(edge_put(&edge, whole, n), n), NULL),
            SIGV4_E_PROTOCOL);
    edge_drop(&edge);
    kinesis_checkpoint_free(c);
}

static void every_allocation_fails(void **state)
{
    (void)state;
    struct failing_alloc memory = {0};
    struct sigv4_alloc alloc = failing_alloc_hooks(&memory);
    for (size_t nth = 1; nth == 1 || memory.failures; nth++) {
        struct kinesis_checkpoint *c = NULL;
        failing_alloc_fail(&memory, nth);
        int rc = kinesis_checkpoint_new(&c, "numbers", &alloc, NULL);
        if (!rc)
            rc = kinesis_checkpoint_parse(c, SIGV4_LIT(whole), NULL);
        assert_int_equal(rc, memory.failures ? SIGV4_E_NOMEM : SIGV4_OK);
        kinesis_checkpoint_free(c);
        assert_true(failing_alloc_clean(&memory));
    }
}

static void a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/checkpoint-XXXXXX", path[64], link_path[64], other[64];
    struct sigv4_error err;
    struct stat st;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c", folder);
    snprintf(link_path, sizeof link_path, "%s/c.new", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    struct kinesis_checkpoint *c = fresh("numbers"), *d = fresh("numbers");
    assert_int_equal(kinesis_checkpoint_load(d, path, &err), SIGV4_E_NOT_FOUND);
    fill(c);
    assert_int_equal(kinesis_checkpoint_save(c, path, &err), SIGV4_OK);
    assert_int_equal(kinesis_checkpoint_load(d, path, &err), SIGV4_OK);
    assert_string_equal(text_of(d), whole);
    assert_int_not_equal(stat(link_path, &st), 0);
    /* What another left there is not followed. */
    assert_int_equal(symlink("/tmp/elsewhere", link_path), 0);
    assert_int_equal(kinesis_checkpoint_save(c, path, &err), SIGV4_E_IO);
    unlink(link_path);
    assert_int_equal(symlink("c", other), 0);
    assert_int_equal(kinesis_checkpoint_save(c, other, &err), SIGV4_OK);
    assert_int_equal(lstat(other, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    unlink(other);
    assert_int_equal(kinesis_checkpoint_save(c, folder, &err), SIGV4_E_IO);
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(kinesis_checkpoint_save(c, other, &err), SIGV4_E_IO);
    unlink(other);
    FILE *cut = fopen(other, "w");
    assert_true(cut && fputs("kinesis-checkpoint 1\n", cut) >= 0 && fclose(cut) == 0);
    assert_int_equal(kinesis_checkpoint_load(d, other, &err), SIGV4_E_PROTOCOL);
    assert_int_equal(strncmp(err.message, other, strlen(other)), 0);
    unlink(other);
    assert_int_equal(kinesis_checkpoint_load(d, folder, &err), SIGV4_E_IO);
    assert_int_equal(kinesis_checkpoint_save(c, "/nonexistent/c", &err), SIGV4_E_NOT_FOUND);
    assert_string_equal(text_of(d), whole);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    kinesis_checkpoint_free(c);
    kinesis_checkpoint_free(d);
}

/* A process that does nothing but save is killed at any moment: the file is whole. */
static void the_file_is_whole_whenever_its_writer_dies(void **state)
{
    (void)state;
    char folder[] = "/tmp/checkpoint-XXXXXX", path[64], fresh_path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/c", folder);
    snprintf(fresh_path, sizeof fresh_path, "%s/c.new", folder);
    struct kinesis_checkpoint *c = fresh("numbers");
    fill(c);
    assert_int_equal(kinesis_checkpoint_save(c, path, NULL), SIGV4_OK);
    for (unsigned i = 0; i < 60; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            for (unsigned n = 0;; n++) {
                char id[32];
                snprintf(id, sizeof id, "shardId-%u", n % 300);
                (void)put(c, id, KINESIS_POSITION_AFTER, "12345", 0, 0);
                (void)!kinesis_checkpoint_save(c, path, NULL);
            }
        usleep(3000 + i * 200);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(kinesis_checkpoint_load(c, path, NULL), SIGV4_OK);
    }
    assert_true(kinesis_checkpoint_count(c) > 5);
    unlink(path);
    unlink(fresh_path);
    assert_int_equal(rmdir(folder), 0);
    kinesis_checkpoint_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(refuses_what_is_no_position),
        cmocka_unit_test(kinds_that_are_none),
        cmocka_unit_test(refuses_malformed_text),
        cmocka_unit_test(every_beginning_is_refused),
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(a_file),
        cmocka_unit_test(the_file_is_whole_whenever_its_writer_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
