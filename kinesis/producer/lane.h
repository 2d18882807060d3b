#ifndef KINESIS_PRODUCER_LANE_H
#define KINESIS_PRODUCER_LANE_H
/* What waits to be sent, by shard, so that a shard that throttles holds up nobody else. While the
 * shards do not matter (no throttle yet, no aggregation) everything waits in one lane, "anywhere".
 *
 *   IDLE --a record comes--> READY --too fast for the shard--> PACED --time passed--> READY
 *     ^------- empty --------- |
 */
#include "producer/pace.h"
#include "producer/record.h"
#include "shards/shard_map.h"

enum kinesis__lane_state { KINESIS__LANE_IDLE, KINESIS__LANE_READY, KINESIS__LANE_PACED };

struct kinesis__lane {
    struct kinesis__queue waiting;     /* by number */
    struct kinesis__lane *next, *prev; /* in the row of its state */
    enum kinesis__lane_state state;
    int64_t wake_ms;
    struct kinesis__pace pace;
    uint32_t under_way; /* entries of requests that point here */
    bool known;         /* in the map, or named by the service while there is no map */
    size_t shard;       /* index in the map */
    uint8_t id_len;
    char id[129];                    /* "": anywhere */
    struct kinesis__lane *next_lane; /* of all but anywhere */
};

struct kinesis__lane_row {
    struct kinesis__lane *first, *last;
};
struct kinesis__lanes {
    struct sigv4_alloc alloc;
    struct kinesis__lane anywhere, *all;
    struct kinesis__shard_map *map;  /* NULL: not known */
    struct kinesis__lane **by_shard; /* as long as the map; NULL where nothing was sent yet */
    struct kinesis__lane_row ready, paced;
    struct kinesis__tally sendable; /* what waits in ready lanes */
    int64_t wake_ms;                /* of the first paced lane; INT64_MAX: none */
};

void kinesis__lanes_init(struct kinesis__lanes *l, const struct sigv4_alloc *alloc);
void kinesis__lanes_free(struct kinesis__lanes *l);

/* The lane a record belongs to. Without a map, without its hash, and without memory: anywhere. */
struct kinesis__lane *kinesis__lanes_of(struct kinesis__lanes *l, const struct kinesis__record *r);
/* The lane of the shard of that name; NULL: the map does not know it, or no memory. */
struct kinesis__lane *kinesis__lanes_named(struct kinesis__lanes *l, struct sigv4_slice shard_id);

/* r (in no queue) waits in its turn; one that was sent before goes where it came from. */
void kinesis__lanes_add(struct kinesis__lanes *l, struct kinesis__lane *lane,
                        struct kinesis__record *r);
void kinesis__lanes_return(struct kinesis__lanes *l, struct kinesis__lane *lane,
                           struct kinesis__record *r);
/* The first ready lane that is not empty; NULL: none. */
struct kinesis__lane *kinesis__lanes_first(struct kinesis__lanes *l);
/* The others are served first next time. */
void kinesis__lanes_rotate(struct kinesis__lanes *l, struct kinesis__lane *lane);
void kinesis__lanes_pause(struct kinesis__lanes *l, struct kinesis__lane *lane, int64_t until_ms);
/* Paced lanes whose time has come are ready again. */
void kinesis__lanes_wake(struct kinesis__lanes *l, int64_t now_ms);
size_t kinesis__lanes_paced(const struct kinesis__lanes *l);

/* Takes the map over (NULL: none any more); what waited is put into homeless, its hash, if it has
 * one, still good. */
void kinesis__lanes_set_map(struct kinesis__lanes *l, struct kinesis__shard_map *map,
                            struct kinesis__queue *homeless);
#endif
