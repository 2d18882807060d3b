/* The small answers, and deleting: any bytes. */
#include "wire/delete_xml.h"
#include "wire/outcome_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(void *ctx, const struct s3__delete_failure *failure)
{
    (void)ctx;
    if (failure->key_len == 0 || failure->key_len > sizeof failure->key)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4_slice body = sigv4_bytes(data, size);
    struct s3__outcome o;
    char region[64];
    if (s3__outcome_initiate(&o, body, NULL, NULL) == SIGV4_OK && !o.upload_id[0])
        __builtin_trap();
    if (s3__outcome_complete(&o, body, NULL, NULL) == SIGV4_OK && !o.etag[0])
        __builtin_trap();
    if (s3__outcome_copy_object(&o, body, NULL, NULL) == SIGV4_OK && !o.etag[0])
        __builtin_trap();
    (void)s3__delete_parse(body, note, NULL, NULL, NULL);
    s3__error_region(body, NULL, region);
    return 0;
}
