/* kcat's format strings: the first line is the format, the rest a record. What is accepted prints
 * without end or overrun, and on a terminal nothing but plain lines comes out of the fields. */
#include "kcat_print.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(const char *format, struct sigv4_slice rest, bool on_terminal)
{
    static const enum print_as forms[] = {PRINT_TABLE, PRINT_JSON, PRINT_RAW, PRINT_FORMAT};
    const struct kinesis_record record = {
        .size = sizeof record,
        .shard_id = SIGV4_LIT("shardId-000000000000"),
        .sequence_number = SIGV4_LIT("49653"),
        .partition_key = rest,
        .data = rest,
        .arrived_unix_ms = INT64_MIN,
        .behind_ms = -1,
        .flags = KINESIS_AGGREGATED | KINESIS_OUTSIDE_SHARD,
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *text = NULL;
        size_t n = 0;
        struct printer p = {.out = open_memstream(&text, &n),
                            .as = forms[i],
                            .format = format,
                            .on_terminal = on_terminal};
        if (!p.out)
            return;
        if (!print_record(&p, &record) || fclose(p.out))
            __builtin_trap();
        if (forms[i] == PRINT_RAW && (n != rest.len || (n && memcmp(text, rest.ptr, n) != 0)))
            __builtin_trap();
        bool plain = on_terminal && (forms[i] == PRINT_TABLE || forms[i] == PRINT_JSON);
        for (size_t k = 0; plain && k < n; k++)
            if ((unsigned char)text[k] < 0x20 && text[k] != '\n')
                __builtin_trap();
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t n = end ? (size_t)(end - data) : size;
    char *format = strndup((const char *)data, n);
    struct sigv4_slice rest = sigv4_bytes(data + n, size - n);
    if (format && !print_check_format(format)) {
        print_all(format, rest, false);
        print_all(format, rest, true);
    }
    free(format);
    return 0;
}
