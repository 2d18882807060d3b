/* A list of names and values in order of arrival: request headers, response headers, parameters. */
#ifndef KLOCAL_HEADER_H
#define KLOCAL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

struct header {
    char *name;
    char *value;
    size_t value_length; /* a decoded query value may hold NULs */
    bool has_value;      /* false: a query name without '=' */
};

struct header_list {
    struct header *items;
    size_t count;
    size_t capacity;
};

void header_list_free(struct header_list *list);
void header_list_add(struct header_list *list, const char *name, const char *value);
void header_list_take(struct header_list *list, struct header item); /* strings change owner */

/* The first value of a name, NULL if absent. Header names ignore case, query names do not. */
const char *header_find(const struct header_list *list, const char *name);
const struct header *header_find_exact(const struct header_list *list, const char *name);

#endif
