#ifndef TRANSFER_ASSEMBLY_H
#define TRANSFER_ASSEMBLY_H
/* A multipart upload from its creation to its end, whoever sends the parts. Loop only.
 *
 *   create --> CREATING --id--> (parts are recorded) --> complete --> COMPLETING --> completed
 *                 \--refused--> created                     |  ^  |  ^
 *                                  the answer was lost, or  v  |  |  | failed, a try is left
 *                            the upload is gone: CHECKING (HEAD) RESTING
 *   abort --> ABORTING --> LEFT (are parts still listed?) --no--> gone
 *                ^------------- RESTING <---yes, or failed
 *
 * A lost answer of complete is looked into: an object with the expected ETag or checksum is ours.
 * An abort is repeated until no part is listed, because parts on their way may arrive after it. */
#include "transfer/baggage.h"
#include "transfer/whole.h"

#include <s3/multipart.h>

enum s3__assembly_state {
    S3__ASSEMBLY_OPEN, /* nothing of ours is under way */
    S3__ASSEMBLY_CREATING,
    S3__ASSEMBLY_COMPLETING,
    S3__ASSEMBLY_CHECKING,
    S3__ASSEMBLY_ABORTING,
    S3__ASSEMBLY_LEFT
};

/* How complete ended; texts valid during the callback. */
struct s3__completion {
    const struct sigv4_error *error; /* NULL: the object is there */
    bool maybe_done;
    struct sigv4_slice etag, version_id, checksum_value;
    enum s3_checksum checksum;
};

struct s3__assembly_owner { /* perhaps called from inside what was asked for */
    void (*created)(void *ctx, const struct sigv4_error *error);
    void (*completed)(void *ctx, const struct s3__completion *completion);
    void (*gone)(void *ctx, const struct sigv4_error *error); /* error: parts may be left */
};

struct s3__assembly {
    const struct s3__assembly_owner *owner;
    void *ctx;
    struct s3_client *client;
    struct s3__baggage *to;
    enum s3_checksum checksum;
    enum s3__assembly_state state;
    bool resting, canceled, any_left;
    unsigned tries;
    struct sigv4_timer *timer;
    struct sigv4_call *call;
    char *upload_id;
    struct s3__part_record *records;
    uint32_t count, cap;
    struct s3__whole whole;     /* when it is completed */
    struct sigv4_error failure; /* of complete, while it is looked into */
};
/* Errors: NOMEM; then, too, s3__assembly_free. */
int s3__assembly_init(struct s3__assembly *a, struct s3_client *client, struct s3__baggage *to,
                      const struct s3__assembly_owner *owner, void *ctx);
void s3__assembly_free(struct s3__assembly *a); /* zeroed memory is fine */

void s3__assembly_create(struct s3__assembly *a);
int s3__assembly_adopt(struct s3__assembly *a, struct sigv4_slice upload_id); /* NOMEM */
/* What became of part index. Errors: NOMEM. */
int s3__assembly_record(struct s3__assembly *a, uint32_t index, const struct s3_part *part);
void s3__assembly_forget(struct s3__assembly *a, uint32_t index);
void s3__assembly_disown(struct s3__assembly *a); /* the upload and what is recorded of it */
bool s3__assembly_has(const struct s3__assembly *a, uint32_t index);
/* All parts from 0 to count - 1 are recorded. */
void s3__assembly_complete(struct s3__assembly *a);
void s3__assembly_abort(struct s3__assembly *a);
/* What is under way ends soon, with its callback; an abort goes on. */
void s3__assembly_cancel(struct s3__assembly *a);
#endif
