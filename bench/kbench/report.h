#ifndef KBENCH_REPORT_H
#define KBENCH_REPORT_H
/* A result as one HTML file that needs nothing else: no network, no other file. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* false: it could not be written, or no memory. */
bool report_write(const json_t *result, FILE *out);
#endif
