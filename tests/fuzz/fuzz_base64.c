/* Decoding any text: every path agrees with the portable one, and what was taken encodes to the
 * same text again. */
#include "wire/base64.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *model = malloc(size + 1), *other = malloc(size + 1), *again = malloc(size + 1);
    size_t model_len = 0, len = 0;
    if (!model || !other || !again)
        abort();
    bool taken = kinesis__base64_decode(kinesis__base64_path(0), model, (const char *)data, size,
                                        &model_len);
    for (size_t i = 0; kinesis__base64_path(i); i++) {
        const struct kinesis__base64 *path = kinesis__base64_path(i);
        if (size)
            memcpy(other, data, size);
        if (kinesis__base64_decode(path, other, other, size, &len) != taken)
            abort();
        if (!taken)
            continue;
        if (len != model_len || memcmp(other, model, len) != 0)
            abort();
        if (kinesis__base64_encode(path, again, model, model_len) != size ||
            (size && memcmp(again, data, size) != 0))
            abort();
    }
    free(model);
    free(other);
    free(again);
    return 0;
}
