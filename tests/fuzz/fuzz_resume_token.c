/* Resume tokens: any bytes; what is read can be written and read again. */
#include "transfer/token.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_upload(struct sigv4_slice text)
{
    static struct s3__upload_token first, second;
    struct sigv4__buffer b;
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    if (!s3__upload_token_read(&first, text))
        return;
    sigv4__buffer_init(&b, NULL, 65536);
    s3__upload_token_write(&b, &first);
    if (b.failed || !s3__upload_token_read(&second, sigv4__buffer_view(&b)) ||
        strcmp(first.key, second.key) != 0 || first.length != second.length)
        __builtin_trap();
    sigv4__buffer_free(&b);
}

static void try_download(struct sigv4_slice text)
{
    static struct s3__download_token first, second;
    bool done[64], again[64];
    struct sigv4__buffer b;
    if (!s3__download_token_read(&first, text, done, 64))
        return;
    sigv4__buffer_init(&b, NULL, 65536);
    s3__download_token_write(&b, &first, done, 64);
    if (b.failed || !s3__download_token_read(&second, sigv4__buffer_view(&b), again, 64) ||
        memcmp(done, again, sizeof done) != 0 || strchr(second.file, '/'))
        __builtin_trap();
    sigv4__buffer_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_upload(sigv4_bytes(data, size));
    try_download(sigv4_bytes(data, size));
    return 0;
}
