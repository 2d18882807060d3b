/* ../shared/vectors/s3-sts-xml and s3-mock-server: documents of S3, against what botocore reads. */
#include "base/moment.h"
#include "vectors/vectors.h"
#include "wire/outcome_xml.h"
#include "wire/page_xml.h"

static char *load_text(const char *name, size_t *n)
{
    char path[1024];
    FILE *f = fopen(vectors_path(path, sizeof path, name), "rb");
    char *text = calloc(1, 65536);
    if (!f || !text)
        exit(1);
    *n = fread(text, 1, 65535, f);
    fclose(f);
    return text;
}

/* The lines of a canned answer's body. */
static char *load_body(const char *name)
{
    json_t *root = vectors_load(name), *line;
    char *text = calloc(1, 65536);
    size_t i;
    if (!text)
        exit(1);
    json_array_foreach(json_object_get(root, "body"), i, line)
    {
        strcat(text, json_string_value(line));
        strcat(text, "\n");
    }
    json_decref(root);
    return text;
}

static const char *slice_text(struct sigv4_slice s)
{
    static char text[2048];
    snprintf(text, sizeof text, "%.*s", (int)s.len, s.len ? (const char *)s.ptr : "");
    return text;
}

static const char *time_text(int64_t ms)
{
    static char text[25];
    sigv4__moment_iso(ms, text);
    return text;
}

static const char *without_quotes(const char *etag)
{
    return slice_text(s3__etag_bare(sigv4_str(etag)));
}

static void count(struct tally *t, unsigned failed_before)
{
    t->passed += t->failed == failed_before;
}

static void list_objects(struct tally *t)
{
    size_t n, i;
    char *xml = load_text("s3-sts-xml/responses/s3-list-objects.xml", &n), want[2048];
    json_t *parsed = vectors_load("s3-sts-xml/responses/s3-list-objects.json"), *v;
    struct s3__page page;
    unsigned failed = t->failed;
    if (s3__page_parse(&page, S3__PAGE_OBJECTS, sigv4_bytes(xml, n), NULL, NULL))
        tally_check(t, "s3-list-objects", "parse", "ok", "failed");
    json_array_foreach(json_object_get(parsed, "Contents"), i, v)
    {
        struct s3_list_entry e = s3__page_object(&page, i);
        char number[32];
        tally_check(t, "s3-list-objects", "Key", vectors_text(v, "Key"), slice_text(e.key));
        snprintf(want, sizeof want, "%s", without_quotes(vectors_text(v, "ETag")));
        tally_check(t, "s3-list-objects", "ETag", want, slice_text(e.etag));
        tally_check(t, "s3-list-objects", "LastModified", vectors_text(v, "LastModified"),
                    time_text(e.modified_unix_ms));
        tally_check(t, "s3-list-objects", "StorageClass", vectors_text(v, "StorageClass"),
                    slice_text(e.storage_class));
        snprintf(want, sizeof want, "%lld",
                 (long long)json_integer_value(json_object_get(v, "Size")));
        snprintf(number, sizeof number, "%lld", (long long)e.length);
        tally_check(t, "s3-list-objects", "Size", want, number);
    }
    tally_check(t, "s3-list-objects", "entries", "2", i == page.count ? "2" : "other");
    count(t, failed);
    s3__page_free(&page);
    json_decref(parsed);
    free(xml);
}

static void list_buckets(struct tally *t)
{
    size_t n, i;
    char *xml = load_text("s3-sts-xml/responses/s3-list-buckets.xml", &n);
    json_t *parsed = vectors_load("s3-sts-xml/responses/s3-list-buckets.json"), *v;
    struct s3__page page;
    unsigned failed = t->failed;
    if (s3__page_parse(&page, S3__PAGE_BUCKETS, sigv4_bytes(xml, n), NULL, NULL))
        tally_check(t, "s3-list-buckets", "parse", "ok", "failed");
    json_array_foreach(json_object_get(parsed, "Buckets"), i, v)
    {
        struct s3_bucket_entry b = s3__page_bucket(&page, i);
        tally_check(t, "s3-list-buckets", "Name", vectors_text(v, "Name"), slice_text(b.name));
        tally_check(t, "s3-list-buckets", "CreationDate", vectors_text(v, "CreationDate"),
                    time_text(b.created_unix_ms));
    }
    if (i != page.count)
        tally_check(t, "s3-list-buckets", "entries", "as botocore", "other");
    count(t, failed);
    s3__page_free(&page);
    json_decref(parsed);
    free(xml);
}

static void outcomes(struct tally *t)
{
    struct s3__outcome o;
    unsigned failed = t->failed;
    char *body = load_body("s3-mock-server/CreateMultipartUpload/default.json");
    (void)s3__outcome_initiate(&o, sigv4_str(body), NULL, NULL);
    tally_check(t, "CreateMultipartUpload/default", "UploadId", "defaultID", o.upload_id);
    free(body);
    count(t, failed);
    failed = t->failed;
    body = load_body("s3-mock-server/CompleteMultipartUpload/default.json");
    (void)s3__outcome_complete(&o, sigv4_str(body), NULL, NULL);
    tally_check(t, "CompleteMultipartUpload/default", "ETag", "3858f62230ac3c915f300c664312c11f-9",
                o.etag);
    free(body);
    count(t, failed);
    failed = t->failed;
    body = load_body("s3-mock-server/CompleteMultipartUpload/async_internal_error.json");
    int status = s3__outcome_complete(&o, sigv4_str(body), NULL, NULL);
    tally_check(t, "CompleteMultipartUpload/async_internal_error", "status", "PROTOCOL",
                sigv4_status_name(status));
    free(body);
    count(t, failed);
}

static void parts(struct tally *t)
{
    static const struct {
        const char *file, *number, *etag, *checksum, *next;
    } pages[] = {{"s3-mock-server/ListParts/multiple_list_parts_1.json", "2",
                  "7778aef83f66abc1fa1e8477f296d394", "KtQF9Q==", "2"},
                 {"s3-mock-server/ListParts/multiple_list_parts_2.json", "3",
                  "aaaa18db4cc2f85cedef654fccc4a4x8", "yagJog==", ""}};
    for (size_t i = 0; i < 2; i++) {
        unsigned failed = t->failed;
        struct s3__page page;
        char *body = load_body(pages[i].file), number[16];
        (void)s3__page_parse(&page, S3__PAGE_PARTS, sigv4_str(body), NULL, NULL);
        if (page.count == 1) {
            struct s3_part part = s3__page_part(&page, 0);
            snprintf(number, sizeof number, "%u", part.number);
            tally_check(t, pages[i].file, "PartNumber", pages[i].number, number);
            tally_check(t, pages[i].file, "ETag", pages[i].etag, slice_text(part.etag));
            tally_check(t, pages[i].file, "checksum", pages[i].checksum,
                        slice_text(part.checksum_value));
        }
        tally_check(t, pages[i].file, "parts", "1", page.count == 1 ? "1" : "other");
        tally_check(t, pages[i].file, "next", page.truncated ? pages[i].next : "",
                    page.truncated ? slice_text(s3__page_text(&page, page.next)) : "");
        count(t, failed);
        s3__page_free(&page);
        free(body);
    }
}

int main(void)
{
    struct tally t = {0};
    list_objects(&t);
    list_buckets(&t);
    outcomes(&t);
    parts(&t);
    tally_skip(&t, "s3-get-bucket-acl, -logging, -policy, s3-list-multipart-uploads",
               "calls we do not make");
    tally_skip(&t, "sts-*, errors", "read by libsigv4");
    tally_print(&t, "S3 responses");
    return t.failed != 0 || t.passed == 0;
}
