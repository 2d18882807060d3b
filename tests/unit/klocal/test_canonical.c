/* klocal's canonical request: its own rules, and the cases of aws-c-auth's suite. */
#include "canonical.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "sigv4_check.h"

static void expect_path(const char *path, enum canonical_path_rule rule, const char *wanted)
{
    struct text out = {0};
    canonical_path(&out, path, rule);
    assert_string_equal(text_string(&out), wanted);
    text_free(&out);
}

static void paths(void **state)
{
    (void)state;
    expect_path("", CANONICAL_PATH_NORMALIZED, "/");
    expect_path("/", CANONICAL_PATH_NORMALIZED, "/");
    expect_path("//a//b/", CANONICAL_PATH_NORMALIZED, "/a/b/");
    expect_path("/a/./b/../c", CANONICAL_PATH_NORMALIZED, "/a/c");
    expect_path("/a/..", CANONICAL_PATH_NORMALIZED, "/");
    expect_path("/../..", CANONICAL_PATH_NORMALIZED, "/");
    expect_path("/a/.", CANONICAL_PATH_NORMALIZED, "/a/");
    expect_path("/a%20b", CANONICAL_PATH_NORMALIZED, "/a%2520b");
    expect_path("/a/../b//", CANONICAL_PATH_AS_SENT, "/a/../b//");
    expect_path("/a%20b", CANONICAL_PATH_AS_SENT, "/a%2520b");
    expect_path("/a%20b//./../%c3%bc", CANONICAL_PATH_S3, "/a%20b//./../%C3%BC");
    expect_path("/a b!'()*~", CANONICAL_PATH_S3, "/a%20b%21%27%28%29%2A~");
    expect_path("/a+b%2B", CANONICAL_PATH_S3, "/a%20b%2B");
}

static void expect_query(const char *query, const char *wanted)
{
    struct text out = {0};
    canonical_query(&out, query);
    assert_string_equal(text_string(&out), wanted);
    text_free(&out);
}

static void queries(void **state)
{
    (void)state;
    expect_query("", "");
    expect_query("&&", "");
    expect_query("b=2&a=1&a=0&B=3", "B=3&a=0&a=1&b=2");
    expect_query("uploads", "uploads=");
    expect_query("a=%2f%20+~&a%62=", "a=%2F%20%20~&ab=");
    expect_query("a==b=", "a=%3Db%3D");
    expect_query("X-Amz-Signature=abc&x=1", "x=1");
    expect_query("a=%&b=%4", "a=%25&b=%254");
}

static void headers(void **state)
{
    struct header_list list = {0};
    struct text out = {0};
    (void)state;
    header_list_add(&list, "Host", "example.com");
    header_list_add(&list, "X-Two", "  b   c\t d ");
    header_list_add(&list, "x-two", "a");
    canonical_headers(&out, &list, "host;missing;x-two");
    assert_string_equal(text_string(&out), "host:example.com\nmissing:\nx-two:b c d,a\n");
    text_free(&out);
    header_list_free(&list);
}

static char *read_file(const char *folder, const char *name, const char *file)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return NULL;
    char *text = memory_take(65536, 1);
    text[fread(text, 1, 65535, in)] = '\0';
    fclose(in);
    return text;
}

/* "Name:value" lines; a line that starts with a blank goes on with the one before. */
static void read_headers(char *lines, struct header_list *list)
{
    char *save = NULL;
    for (char *line = strtok_r(lines, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        char *colon = strchr(line, ':');
        if ((line[0] == ' ' || line[0] == '\t') && list->count > 0) {
            struct header *last = &list->items[list->count - 1];
            struct text joined = {0};
            text_printf(&joined, "%s %s", last->value, line);
            free(last->value);
            last->value = text_take(&joined);
        } else if (colon != NULL) {
            *colon = '\0';
            header_list_add(list, line, colon + 1);
        }
    }
}

/* The last but one line of a canonical request, and its last. */
static void read_tail(char *canonical, char **names, char **hash)
{
    *hash = strrchr(canonical, '\n') + 1;
    (*hash)[-1] = '\0';
    *names = memory_string(strrchr(canonical, '\n') + 1);
    (*hash)[-1] = '\n';
    *hash = memory_string(*hash);
}

static void run_case(const char *folder, const char *name)
{
    char *request = read_file(folder, name, "request.txt");
    char *wanted = read_file(folder, name, "header-canonical-request.txt");
    char *context = read_file(folder, name, "context.json");
    assert_non_null(request);
    assert_non_null(wanted);
    assert_non_null(context);
    struct header_list list = {0};
    char *body = strstr(request, "\n\n");
    if (body != NULL)
        *body = '\0';
    char *end = strchr(request, '\n');
    read_headers(end + 1, &list);
    *end = '\0';
    char *target = strchr(request, ' ') + 1;
    target[-1] = '\0';
    *strrchr(target, ' ') = '\0';
    char *query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    char *names = NULL, *hash = NULL;
    read_tail(wanted, &names, &hash);
    header_list_add(&list, "X-Amz-Date", "20150830T123600Z");
    if (strstr(context, "\"sign_body\": true") != NULL)
        header_list_add(&list, "x-amz-content-sha256", hash);
    char *token = strstr(context, "\"token\": \"");
    if (token != NULL) {
        token += strlen("\"token\": \"");
        token[strcspn(token, "\"")] = '\0';
        header_list_add(&list, "X-Amz-Security-Token", token);
    }
    const struct canonical_input input = {.method = request,
                                          .path = target,
                                          .query = query,
                                          .headers = &list,
                                          .signed_headers = names,
                                          .payload_hash = hash,
                                          .path_rule = strstr(name, "unnormalized") != NULL
                                                           ? CANONICAL_PATH_AS_SENT
                                                           : CANONICAL_PATH_NORMALIZED};
    struct text out = {0};
    canonical_request(&out, &input);
    if (strcmp(text_string(&out), wanted) != 0)
        printf("case %s\n", name);
    assert_string_equal(text_string(&out), wanted);
    text_free(&out);
    header_list_free(&list);
    free(names);
    free(hash);
    free(request);
    free(wanted);
    free(context);
}

static void vectors(void **state)
{
    const char *root = getenv("VECTORS_DIR");
    char folder[1024];
    int count = 0;
    (void)state;
    snprintf(folder, sizeof folder, "%s/sigv4-aws-c-auth/v4", root != NULL ? root : "");
    DIR *dir = root != NULL ? opendir(folder) : NULL;
    if (dir == NULL) {
        printf("SKIP: no %s\n", folder);
        skip();
        return;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] != '.') {
            run_case(folder, entry->d_name);
            count++;
        }
    closedir(dir);
    printf("%d cases of aws-c-auth\n", count);
    assert_true(count > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(queries),
        cmocka_unit_test(headers),
        cmocka_unit_test(vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
