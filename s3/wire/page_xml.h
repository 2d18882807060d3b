#ifndef WIRE_PAGE_XML_H
#define WIRE_PAGE_XML_H
/* One page of a listing: of objects (ListObjectsV2), of buckets, of the parts of an upload. It is
 * read as a whole before anyone sees an entry, so that a broken page can be asked for again. */
#include "base/buffer.h"

#include <s3/list.h>
#include <s3/multipart.h>

enum s3__page_kind { S3__PAGE_OBJECTS, S3__PAGE_BUCKETS, S3__PAGE_PARTS };
enum { S3__PAGE_MAX_ITEMS = 20000 };

struct s3__span { /* of the page's text */
    size_t at, len;
};
struct s3__item {
    struct s3__span name; /* key, prefix, bucket */
    struct s3__span etag;
    struct s3__span detail; /* storage class, region, checksum */
    uint64_t length;
    int64_t time_unix_ms;
    uint32_t number;
    bool is_prefix;
};
struct s3__page {
    struct sigv4_alloc alloc;
    struct sigv4__buffer text;
    struct s3__item *items;
    size_t count, cap;
    bool truncated;       /* more pages follow, from next on */
    struct s3__span next; /* continuation token or part number marker */
};
/* Errors: PROTOCOL (not such a document, or one that contradicts itself), NOMEM. page must be freed
 * in any case. */
int s3__page_parse(struct s3__page *page, enum s3__page_kind kind, struct sigv4_slice body,
                   const struct sigv4_alloc *alloc, struct sigv4_error *err);
void s3__page_free(struct s3__page *page); /* zeroed memory is fine */
struct sigv4_slice s3__page_text(const struct s3__page *page, struct s3__span span);
struct s3_list_entry s3__page_object(const struct s3__page *page, size_t i);
struct s3_bucket_entry s3__page_bucket(const struct s3__page *page, size_t i);
struct s3_part s3__page_part(const struct s3__page *page, size_t i);

/* An ETag without its quotes. */
struct sigv4_slice s3__etag_bare(struct sigv4_slice etag);
#endif
