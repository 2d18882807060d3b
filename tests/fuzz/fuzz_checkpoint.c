/* Checkpoints: what is accepted is written again byte for byte. */
#include <kinesis/checkpoint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kinesis_checkpoint *c = NULL;
    struct sigv4_text out = {NULL, 0, 0};
    if (kinesis_checkpoint_new(&c, "numbers", NULL, NULL))
        return 0;
    if (kinesis_checkpoint_parse(c, sigv4_bytes(data, size), NULL) == SIGV4_OK) {
        (void)!kinesis_checkpoint_format(c, &out);
        out.cap = out.len;
        out.ptr = malloc(out.cap);
        if (!out.ptr || kinesis_checkpoint_format(c, &out) || out.len > size)
            __builtin_trap();
        /* Numbers may have had leading zeros. */
        if (out.len == size && memcmp(out.ptr, data, size) != 0)
            __builtin_trap();
        struct kinesis_checkpoint *d = NULL;
        if (kinesis_checkpoint_new(&d, "numbers", NULL, NULL) == SIGV4_OK &&
            kinesis_checkpoint_parse(d, sigv4_bytes(out.ptr, out.len), NULL))
            __builtin_trap();
        kinesis_checkpoint_free(d);
        free(out.ptr);
    }
    kinesis_checkpoint_free(c);
    return 0;
}
