#ifndef HISTORY_SOURCE_H
#define HISTORY_SOURCE_H
/* A stream to be read, on the fake engine: what is written to it, and when its shards are split and
 * merged, follows from a seed and is known beforehand; what is asked of it is answered as the
 * service does, and goes wrong as the scene wants it. */
#include "flow/fake_engine.h"
#include "history/reading.h"

enum source_trouble {
    SOURCE_CALM,
    SOURCE_THROTTLES,
    SOURCE_REFUSALS, /* 400, 500, 503 */
    SOURCE_RESETS,   /* connections refused, reset, cut */
    SOURCE_SILENCE,  /* no answer, or a late one: iterators expire meanwhile */
    SOURCE_GARBAGE,  /* 200 with something else, or with nothing */
    SOURCE_EXPIRED,  /* iterators do not last long */
    SOURCE_TOKENS,   /* keys and tokens of lists expire */
    SOURCE_CLOCK,    /* the time of day jumps */
    SOURCE_EVERYTHING,
    SOURCE_TROUBLES
};
extern const char *const source_trouble_names[SOURCE_TROUBLES];

struct source;
/* What is in it is told to truth. */
struct source *source_new(struct fake *fake, enum source_trouble trouble, uint64_t seed,
                          struct reading *truth);
void source_free(struct source *s);
int64_t source_end_ms(const struct source *s); /* nothing happens any more from then on */
#endif
