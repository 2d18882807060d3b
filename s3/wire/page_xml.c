/* Pages of listings, by one reader and a table of what stands where. */
#include "wire/page_xml.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/moment.h"
#include "base/text.h"
#include "wire/xml_reader.h"

enum what { NAME, ETAG, DETAIL, LENGTH, TIME, NUMBER, TRUNCATED, NEXT, ENCODING, IGNORED };

struct field {
    const char *parent, *name;
    enum what what;
};
struct layout {
    const char *root;
    const char *item, *prefix_item; /* elements that begin an item */
    struct field fields[14];
};

static const struct layout layouts[] = {
    [S3__PAGE_OBJECTS] = {"ListBucketResult",
                          "Contents",
                          "CommonPrefixes",
                          {{"Contents", "Key", NAME},
                           {"Contents", "ETag", ETAG},
                           {"Contents", "StorageClass", DETAIL},
                           {"Contents", "Size", LENGTH},
                           {"Contents", "LastModified", TIME},
                           {"CommonPrefixes", "Prefix", NAME},
                           {"ListBucketResult", "IsTruncated", TRUNCATED},
                           {"ListBucketResult", "NextContinuationToken", NEXT},
                           {"ListBucketResult", "EncodingType", ENCODING}}},
    [S3__PAGE_BUCKETS] = {"ListAllMyBucketsResult",
                          "Bucket",
                          "",
                          {{"Bucket", "Name", NAME},
                           {"Bucket", "BucketRegion", DETAIL},
                           {"Bucket", "CreationDate", TIME},
                           {"ListAllMyBucketsResult", "ContinuationToken", NEXT}}},
    [S3__PAGE_PARTS] = {"ListPartsResult",
                        "Part",
                        "",
                        {{"Part", "PartNumber", NUMBER},
                         {"Part", "ETag", ETAG},
                         {"Part", "ChecksumCRC32", DETAIL},
                         {"Part", "ChecksumCRC32C", DETAIL},
                         {"Part", "ChecksumCRC64NVME", DETAIL},
                         {"Part", "ChecksumSHA256", DETAIL},
                         {"Part", "Size", LENGTH},
                         {"Part", "LastModified", TIME},
                         {"ListPartsResult", "IsTruncated", TRUNCATED},
                         {"ListPartsResult", "NextPartNumberMarker", NEXT}}},
};

struct parse {
    struct s3__page *page;
    const struct layout *layout;
    bool url_encoded;
};

static int add_item(struct s3__page *page, bool is_prefix)
{
    if (page->count == S3__PAGE_MAX_ITEMS)
        return SIGV4_E_PROTOCOL;
    if (page->count == page->cap) {
        size_t cap = page->cap ? page->cap * 2 : 64;
        struct s3__item *grown = sigv4__alloc_resize(
            &page->alloc, page->items, page->cap * sizeof *grown, cap * sizeof *grown);
        if (!grown)
            return SIGV4_E_NOMEM;
        page->items = grown;
        page->cap = cap;
    }
    page->items[page->count++] = (struct s3__item){.is_prefix = is_prefix};
    return SIGV4_OK;
}

static int on_open(void *ctx, const struct s3__xml_element *element)
{
    struct parse *parse = ctx;
    if (strcmp(element->name, parse->layout->item) == 0)
        return add_item(parse->page, false);
    if (strcmp(element->name, parse->layout->prefix_item) == 0)
        return add_item(parse->page, true);
    return SIGV4_OK;
}

static enum what what_is(const struct layout *layout, const struct s3__xml_element *element)
{
    for (const struct field *f = layout->fields; f->name; f++)
        if (strcmp(f->name, element->name) == 0 && strcmp(f->parent, element->parent) == 0)
            return f->what;
    return IGNORED;
}

static int keep(struct s3__page *page, struct sigv4_slice text, struct s3__span *out)
{
    *out = (struct s3__span){page->text.len, text.len};
    sigv4__buffer_slice(&page->text, text);
    return page->text.failed;
}

static int keep_in_item(struct s3__page *page, enum what what, struct sigv4_slice text)
{
    struct s3__item *item = &page->items[page->count - 1];
    uint64_t n;
    switch (what) {
    case NAME:
        return keep(page, text, &item->name);
    case ETAG:
        return keep(page, s3__etag_bare(text), &item->etag);
    case DETAIL:
        return keep(page, text, &item->detail);
    case LENGTH:
        return sigv4__parse_uint(text, INT64_MAX, &item->length) ? SIGV4_OK : SIGV4_E_PROTOCOL;
    case TIME:
        /* A time we cannot read is no reason to refuse the page. */
        if (!sigv4__moment_parse_iso(text, &item->time_unix_ms))
            item->time_unix_ms = 0;
        return SIGV4_OK;
    case NUMBER:
        if (!sigv4__parse_uint(text, S3_MAX_PARTS, &n) || n == 0)
            return SIGV4_E_PROTOCOL;
        item->number = (uint32_t)n;
        return SIGV4_OK;
    default:
        return SIGV4_OK;
    }
}

static int on_close(void *ctx, const struct s3__xml_element *element)
{
    struct parse *parse = ctx;
    struct s3__page *page = parse->page;
    enum what what = element->leaf ? what_is(parse->layout, element) : IGNORED;
    switch (what) {
    case IGNORED:
        return SIGV4_OK;
    case TRUNCATED:
        page->truncated = sigv4__equal_str(element->text, "true");
        return SIGV4_OK;
    case NEXT:
        return keep(page, element->text, &page->next);
    case ENCODING:
        parse->url_encoded = sigv4__equal_str(element->text, "url");
        return SIGV4_OK;
    default:
        return page->count ? keep_in_item(page, what, element->text) : SIGV4_E_PROTOCOL;
    }
}

static int hex_value(char c)
{
    if (sigv4__is_digit(c))
        return c - '0';
    c = sigv4__lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* encoding-type=url is form encoding: '+' is a blank (facts, 6.1). What is no escape stays. */
static void url_decode(char *text, struct s3__span *span)
{
    char *in = text + span->at, *out = in;
    const char *end = in + span->len;
    while (in < end) {
        if (*in == '%' && end - in > 2 && hex_value(in[1]) >= 0 && hex_value(in[2]) >= 0) {
            *out++ = (char)(hex_value(in[1]) * 16 + hex_value(in[2]));
            in += 3;
        } else {
            *out++ = *in == '+' ? ' ' : *in;
            in++;
        }
    }
    span->len = (size_t)(out - (text + span->at));
}

/* What the rest of us relies on. */
static int check(struct s3__page *page, enum s3__page_kind kind, struct sigv4_error *err)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct s3__item *item = &page->items[i];
        if (kind == S3__PAGE_PARTS ? item->number == 0 : item->name.len == 0)
            return sigv4__fail(err, SIGV4_E_PROTOCOL,
                               "unexpected XML in the answer: an entry without a name");
        if (kind == S3__PAGE_PARTS && i > 0 && item->number <= page->items[i - 1].number)
            return sigv4__fail(err, SIGV4_E_PROTOCOL,
                               "unexpected XML in the answer: parts out of order");
    }
    if (kind == S3__PAGE_BUCKETS)
        page->truncated = page->next.len > 0;
    if (page->truncated && page->next.len == 0)
        return sigv4__fail(err, SIGV4_E_PROTOCOL,
                           "unexpected XML in the answer: more follows, but not where");
    return SIGV4_OK;
}

int s3__page_parse(struct s3__page *page, enum s3__page_kind kind, struct sigv4_slice body,
                   const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    memset(page, 0, sizeof *page);
    page->alloc = sigv4__alloc_or_default(alloc);
    /* Other encodings may double in UTF-8. */
    sigv4__buffer_init(&page->text, alloc, 2 * body.len);
    struct parse parse = {page, &layouts[kind], false};
    struct s3__xml_document document = {body, layouts[kind].root, on_open, on_close, &parse};
    int status = s3__xml_read(&document, alloc, err);
    if (status == SIGV4_OK)
        status = check(page, kind, err);
    if (status == SIGV4_OK && parse.url_encoded)
        for (size_t i = 0; i < page->count; i++)
            url_decode(page->text.ptr, &page->items[i].name);
    return status;
}

void s3__page_free(struct s3__page *page)
{
    if (page->items)
        sigv4__alloc_put(&page->alloc, page->items, page->cap * sizeof *page->items);
    if (page->text.ptr)
        sigv4__buffer_free(&page->text);
    memset(page, 0, sizeof *page);
}

struct sigv4_slice s3__page_text(const struct s3__page *page, struct s3__span span)
{
    return span.len ? sigv4_bytes(page->text.ptr + span.at, span.len) : sigv4_bytes("", 0);
}

struct s3_list_entry s3__page_object(const struct s3__page *page, size_t i)
{
    const struct s3__item *item = &page->items[i];
    return (struct s3_list_entry){
        .size = sizeof(struct s3_list_entry),
        .key = s3__page_text(page, item->name),
        .is_prefix = item->is_prefix,
        .length = item->length,
        .modified_unix_ms = item->time_unix_ms,
        .etag = s3__page_text(page, item->etag),
        .storage_class = s3__page_text(page, item->detail),
    };
}

struct s3_bucket_entry s3__page_bucket(const struct s3__page *page, size_t i)
{
    const struct s3__item *item = &page->items[i];
    return (struct s3_bucket_entry){
        .size = sizeof(struct s3_bucket_entry),
        .name = s3__page_text(page, item->name),
        .region = s3__page_text(page, item->detail),
        .created_unix_ms = item->time_unix_ms,
    };
}

struct s3_part s3__page_part(const struct s3__page *page, size_t i)
{
    const struct s3__item *item = &page->items[i];
    return (struct s3_part){
        .number = item->number,
        .length = item->length,
        .etag = s3__page_text(page, item->etag),
        .checksum_value = s3__page_text(page, item->detail),
    };
}

struct sigv4_slice s3__etag_bare(struct sigv4_slice etag)
{
    const char *p = etag.ptr;
    if (etag.len >= 2 && p[0] == '"' && p[etag.len - 1] == '"')
        return sigv4_bytes(p + 1, etag.len - 2);
    return etag;
}
