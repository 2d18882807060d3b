/* Lists of names and values. */
#include "header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"

void header_list_free(struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        free(list->items[i].value);
    }
    free(list->items);
    memset(list, 0, sizeof *list);
}

void header_list_take(struct header_list *list, struct header item)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->items = memory_grow(list->items, list->capacity, sizeof *list->items);
    }
    list->items[list->count++] = item;
}

void header_list_add(struct header_list *list, const char *name, const char *value)
{
    struct header item = {.name = memory_string(name),
                          .value = memory_string(value != NULL ? value : ""),
                          .value_length = value != NULL ? strlen(value) : 0,
                          .has_value = value != NULL};
    header_list_take(list, item);
}

const char *header_find(const struct header_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->items[i].name, name) == 0)
            return list->items[i].value;
    return NULL;
}

const struct header *header_find_exact(const struct header_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}
