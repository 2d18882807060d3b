#ifndef TOOLS_S3CP_FIND_H
#define TOOLS_S3CP_FIND_H
/* Sources of a copy become items, each with its own target: files, what lies below folders, what a
 * bucket lists. They are found while others are under way; few are known at a time. */
#include "s3cp.h"

struct item {
    struct location from, to;
    bool known;     /* the two that follow */
    bool is_folder; /* a key that ends in '/': there is nothing but a folder to be made */
    uint64_t length;
    int64_t modified_ms;
    char etag[64]; /* "": not known */
};
void item_free(struct item *item);

enum found { FOUND, FOUND_LATER, FOUND_ALL };
struct finder;
struct finder_order {
    struct s3cp *run;
    struct location *sources; /* must live until the finder is freed */
    size_t count;
    const struct location *target;
    bool counts_only;        /* another finder tells what is wrong */
    void (*more)(void *ctx); /* on the loop, when LATER is over */
    void *ctx;
};
struct finder *finder_new(const struct finder_order *order); /* NULL: no memory */
/* Once all was found or stopped, and the loop was run until nothing is under way. */
void finder_free(struct finder *f);
/* Not from a signal handler; the first one may be called anywhere, those after LATER on the loop.
 */
enum found finder_next(struct finder *f, struct item *out);
void finder_stop(struct finder *f);
bool finder_is_idle(const struct finder *f); /* nothing of it is under way */
#endif
