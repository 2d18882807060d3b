#ifndef KBENCH_PAGE_H
#define KBENCH_PAGE_H
/* A result for people, as text. */
#include <jansson.h>
#include <stdio.h>

void page_print(const json_t *result, FILE *out);
/* Only the tables of the member "phases", headed by the two labels. */
void page_print_phases(const json_t *phases, const char *label_a, const char *label_b, FILE *out);
#endif
