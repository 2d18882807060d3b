/* Memory for klocal: allocation that ends the process when it fails. */
#include "memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(void)
{
    fputs("klocal: out of memory\n", stderr);
    abort();
}

void *memory_take(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *memory_grow(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        out_of_memory();
    void *p = realloc(old, count * size > 0 ? count * size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

char *memory_copy(const void *bytes, size_t length)
{
    char *p = memory_take(length + 1, 1);
    if (length > 0)
        memcpy(p, bytes, length);
    return p;
}

char *memory_string(const char *string)
{
    return string == NULL ? NULL : memory_copy(string, strlen(string));
}
