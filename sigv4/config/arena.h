#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H
/* Memory that is freed in one go and wiped before: configuration holds secrets. */
#include <sigv4/types.h>

struct sigv4__arena_block;
struct sigv4__arena {
    struct sigv4_alloc alloc;
    struct sigv4__arena_block *blocks;
};
void sigv4__arena_init(struct sigv4__arena *a, const struct sigv4_alloc *alloc);
void sigv4__arena_free(struct sigv4__arena *a);
/* Zeroed, aligned for any type of ours; NULL when there is no memory. */
void *sigv4__arena_get(struct sigv4__arena *a, size_t n);
/* A NUL-terminated copy. */
char *sigv4__arena_text(struct sigv4__arena *a, struct sigv4_slice text);
#endif
