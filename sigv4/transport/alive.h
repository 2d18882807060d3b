#ifndef TRANSPORT_ALIVE_H
#define TRANSPORT_ALIVE_H
/* A word that reads 1 in the process that made it and 0 in its children: fork() is noticed at the
 * price of a memory read instead of a system call. */
#include <stdint.h>

const volatile uint32_t *sigv4__alive_new(void); /* NULL: no memory */
void sigv4__alive_free(const volatile uint32_t *alive);
#endif
