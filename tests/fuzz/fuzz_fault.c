/* klocal's fault scripts: any bytes are either rules or one line of complaint. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct klocal klocal;
    struct text problem = {0};
    const struct fault_subject subject = {.service = "kinesis",
                                          .operation = "PutRecords",
                                          .stream = "s",
                                          .partition_key = "k",
                                          .index = 1};
    if (fault_load(&klocal, (const char *)data, size, &problem)) {
        for (int stage = FAULT_AT_HEADERS; stage <= FAULT_AT_RECORD; stage++) {
            struct fault_action action = fault_find(&klocal, &subject, (enum fault_stage)stage);
            if (action.kind < FAULT_NONE || action.kind >= FAULT_KINDS)
                abort();
        }
    } else if (problem.length == 0) {
        abort();
    }
    text_free(&problem);
    fault_clear(&klocal);
    return 0;
}
