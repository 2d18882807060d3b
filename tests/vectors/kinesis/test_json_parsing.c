/* nst/JSONTestSuite through the pull scanner: y_ must be taken, n_ refused, i_ may be either. Each
 * text lies before a protected page, is cut off at every length, and is put into an answer to
 * GetRecords. */
#include "edge.h"
#include "vector_files.h"
#include "wire/get_records.h"
#include "wire/json_reader.h"

static bool taken(const struct edge *edge, const char *bytes, size_t n)
{
    struct kinesis__json r;
    kinesis__json_open(&r, edge_put(edge, bytes, n), n);
    return kinesis__json_skip(&r) && kinesis__json_finish(&r);
}

/* The same text as an unknown member of an answer to GetRecords, or as the whole answer. */
static bool taken_in_answer(const char *before, const char *bytes, size_t n, const char *behind)
{
    struct kinesis__get_answer answer;
    size_t head = strlen(before), tail = strlen(behind);
    char *body = malloc(head + n + tail + 1);
    memcpy(body, before, head);
    memcpy(body + head, bytes, n);
    memcpy(body + head + n, behind, tail);
    kinesis__get_answer_init(&answer, NULL);
    bool good = kinesis__get_answer_read(&answer, body, head + n + tail, NULL) == SIGV4_OK;
    kinesis__get_answer_free(&answer);
    free(body);
    return good;
}

struct counts {
    unsigned y, n, i_taken, i_refused;
};

static void try_file(const char *name, struct counts *counts)
{
    char path[8192];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", vectors_path("json-parsing/test_parsing"), name);
    char *bytes = vectors_read(path, &n);
    struct edge edge = edge_make(n);
    bool ok = taken(&edge, bytes, n);
    if (name[0] != 'i' && ok != (name[0] == 'y'))
        fail_msg("%s is %s", name, ok ? "taken" : "refused");
    assert_int_equal(taken_in_answer("{\"Records\":[],\"X\":", bytes, n, "}"), ok);
    assert_false(taken_in_answer("", bytes, n, ""));
    if (name[0] == 'i') {
        print_message("%s %s\n", ok ? "taken  " : "refused", name);
        *(ok ? &counts->i_taken : &counts->i_refused) += 1;
    } else {
        *(ok ? &counts->y : &counts->n) += 1;
    }
    for (size_t cut = 0; cut < n && cut < 300; cut++)
        taken(&edge, bytes, cut);
    edge_drop(&edge);
    free(bytes);
}

static void all_files(void **state)
{
    (void)state;
    struct counts counts = {0};
    DIR *dir = opendir(vectors_path("json-parsing/test_parsing"));
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (strstr(entry->d_name, ".json"))
            try_file(entry->d_name, &counts);
    }
    closedir(dir);
    print_message("%u y_ taken, %u n_ refused, i_: %u taken, %u refused\n", counts.y, counts.n,
                  counts.i_taken, counts.i_refused);
    assert_true(counts.y > 0 && counts.n > 0);
}

int main(void)
{
    vectors_need("json-parsing/test_parsing");
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
