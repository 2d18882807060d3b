/* nst/JSONTestSuite through the pull scanner: y_ must be taken, n_ refused, i_ may be either. Each
 * text lies before a protected page, and each is also cut off at every length. */
#include "edge.h"
#include "vector_files.h"
#include "wire/json_reader.h"

static bool taken(const struct edge *edge, const char *bytes, size_t n)
{
    struct kinesis__json r;
    kinesis__json_open(&r, edge_put(edge, bytes, n), n);
    return kinesis__json_skip(&r) && kinesis__json_finish(&r);
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
