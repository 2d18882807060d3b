/* Memory for klocal. klocal is a test program: when memory ends, so does the process, with one
 * line on stderr, and no caller needs a path for it. */
#ifndef KLOCAL_MEMORY_H
#define KLOCAL_MEMORY_H

#include <stddef.h>

void *memory_take(size_t count, size_t size); /* zeroed, never NULL */
void *memory_grow(void *old, size_t count, size_t size);
char *memory_copy(const void *bytes, size_t length); /* with a NUL behind */
char *memory_string(const char *string);             /* NULL gives NULL */

#endif
