#ifndef TRANSFER_CREW_H
#define TRANSFER_CREW_H
/* A crew works through the parts of one transfer: as many hands as the client allows, each with one
 * part at a time, a failed part again and alone. One hand:
 *
 *   FREE --a part--> QUEUED --the client's turn--> WORKING --done--> FREE
 *     \--a part to be made ready--> PREPARING        |  ^
 *                      \--ready--> QUEUED            |  +--- RESTING <--failed, a try is left
 *                                                    \--failed for good--> FREE, the crew stops
 *
 * Loop only. When nothing is under way and nothing more to come, the owner is told: idle. */
#include "object/again.h"
#include "object/pool.h"

#include <sigv4/status.h>

enum s3__hand_state {
    S3__HAND_FREE,
    S3__HAND_PREPARING,
    S3__HAND_QUEUED,
    S3__HAND_WORKING,
    S3__HAND_RESTING
};
enum s3__supply { S3__PART_READY, S3__PART_LATER, S3__PART_NONE };

struct s3__crew;
struct s3__hand {
    struct s3__ticket ticket; /* first: of the client's requests */
    struct s3__crew *crew;
    enum s3__hand_state state;
    struct sigv4_timer *timer;
    struct sigv4_call *call; /* of the request; set by ops->start */
    unsigned tries;          /* of this part, since its last byte */
    uint32_t index;          /* of the part, from 0 */
    uint64_t offset, length; /* of the part, in the whole */
    uint64_t moved;          /* of its bytes; kept over tries where bytes come once */
    unsigned passes;         /* the owner's: how often they were read from the start */
};
struct s3__crew_ops {
    /* Gives a free hand its next part: index, offset, length. LATER: the hand is kept until
     * s3__crew_ready or s3__crew_unused. NONE: nothing now; s3__crew_run when there is. */
    enum s3__supply (*next)(struct s3__crew *crew, struct s3__hand *hand);
    /* Begins the part's request; its end calls s3__crew_ended. Non-zero: it did not begin. */
    int (*start)(struct s3__crew *crew, struct s3__hand *hand, struct sigv4_error *err);
    /* The hand's part is done, or given up: let go of what belongs to it. */
    void (*done)(struct s3__crew *crew, struct s3__hand *hand, bool well);
    /* The crew stops: hands that are PREPARING must become unused now or soon. May be NULL. */
    void (*halt)(struct s3__crew *crew);
    /* Perhaps more than once. */
    void (*idle)(struct s3__crew *crew);
};
struct s3__crew {
    const struct s3__crew_ops *ops;
    struct s3_client *client;
    struct s3__hand *hands;
    size_t hand_count;
    bool stopped, running;
    struct sigv4_error error; /* why it stopped; status 0: it was canceled */
};

/* At most so many hands. Errors: NOMEM. Then, too, s3__crew_free. */
int s3__crew_init(struct s3__crew *crew, struct s3_client *client, const struct s3__crew_ops *ops,
                  uint64_t most);
void s3__crew_free(struct s3__crew *crew); /* only when idle; zeroed memory is fine */
/* Gives parts to free hands; tells idle when there is nothing at all. */
void s3__crew_run(struct s3__crew *crew);
void s3__crew_ready(struct s3__hand *hand);
void s3__crew_unused(struct s3__hand *hand);
void s3__crew_ended(struct s3__hand *hand, const struct sigv4_error *error);
/* Ends what is under way; idle follows, perhaps from inside. error NULL: canceled. The first reason
 * counts. */
void s3__crew_stop(struct s3__crew *crew, const struct sigv4_error *error);
#endif
