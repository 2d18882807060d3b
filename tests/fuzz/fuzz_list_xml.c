/* Pages of listings: any bytes, as objects, buckets and parts. */
#include "wire/page_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte; no memory of ours holds so many of one value. */
static void touch(struct sigv4_slice s)
{
    size_t zeros = 0;
    for (size_t i = 0; i < s.len; i++)
        zeros += ((const unsigned char *)s.ptr)[i] == 0;
    if (zeros > (size_t)1 << 40)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int kind = S3__PAGE_OBJECTS; kind <= S3__PAGE_PARTS; kind++) {
        struct s3__page page;
        struct sigv4_error err;
        int status =
            s3__page_parse(&page, (enum s3__page_kind)kind, sigv4_bytes(data, size), NULL, &err);
        for (size_t i = 0; status == SIGV4_OK && i < page.count; i++) {
            touch(s3__page_object(&page, i).key);
            touch(s3__page_bucket(&page, i).region);
            touch(s3__page_part(&page, i).etag);
        }
        if (status == SIGV4_OK && page.truncated && page.next.len == 0)
            __builtin_trap();
        s3__page_free(&page);
    }
    return 0;
}
