#ifndef CREDENTIALS_SOURCE_H
#define CREDENTIALS_SOURCE_H
/* What all sources of keys have in common: the provider in front, the fetches under way, and how
 * each of them begins, is canceled and ends. What differs is in a table. */
#include "config/config.h"
#include "credentials/errand.h"

struct sigv4__source;
struct sigv4__source_kind {
    size_t size; /* of the source's own struct, which begins with a struct sigv4__source */
    size_t
        asking_size; /* of what it remembers during a fetch; begins with a struct sigv4__errand */
    /* Sets out to get keys. OK: sigv4__errand_end will be called, or was. Else err says why not. */
    int (*set_out)(struct sigv4__source *source, struct sigv4__errand *errand,
                   struct sigv4_error *err);
    /* Frees what a fetch holds beyond its errand, once set_out was called. May be NULL. */
    void (*forget)(struct sigv4__errand *errand);
    void (*cancel)(struct sigv4__source *source); /* NULL: sigv4__errands_cancel is enough */
    void (*close)(struct sigv4__source *source);  /* frees the source's own; may be NULL */
};
struct sigv4__source {
    const struct sigv4__source_kind *kind;
    struct sigv4_alloc alloc;
    struct sigv4__errand *errands;
    struct sigv4__way *way; /* held; NULL: none */
};

/* A provider and the zeroed rest of its source, for the maker to fill. NOMEM. */
int sigv4__source_new(struct sigv4_provider **out, void **self,
                      const struct sigv4__source_kind *kind, const struct sigv4_alloc *alloc);
/* What a provider's set_way does, unless its maker puts more there. */
void sigv4__source_set_way(void *source, struct sigv4__way *way);

/* A source whose settings are those of a profile. */
struct sigv4__profile_source {
    struct sigv4__source source;        /* first */
    const struct sigv4__config *config; /* borrowed, like profile, which is its name */
    const char *profile;
};
int sigv4__profile_source_new(struct sigv4_provider **out, const struct sigv4__source_kind *kind,
                              const struct sigv4__config *config, const char *profile,
                              const struct sigv4_alloc *alloc); /* NOMEM */
#endif
