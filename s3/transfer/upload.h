#ifndef TRANSFER_UPLOAD_H
#define TRANSFER_UPLOAD_H
/* s3_upload inside. A file, or anything that can be read anywhere:
 *
 *   SENDING (one put)  --------------------------------------------> OVER
 *   RECALLING --parts there--> COMPARING --same--> SENDING --all--> COMPLETING --> OVER
 *       |       (a token)                            ^ |                |
 *       \--no such upload--> CREATING ---------------+ \--stopped--> ABORTING --> OVER
 *
 * A pipe begins in SENDING, while its first part fills: when the pipe ends in it one put does; else
 * the upload is created while the pipe is read on. Every state but OVER may lead to ABORTING when
 * the upload fails or is canceled; OVER calls the user. */
#include "object/operation.h"
#include "transfer/assembly.h"
#include "transfer/crew.h"
#include "transfer/plan.h"
#include "transfer/source.h"
#include "wire/outcome_xml.h"

enum s3__upload_state {
    S3__UPLOAD_RECALLING,
    S3__UPLOAD_COMPARING,
    S3__UPLOAD_CREATING,
    S3__UPLOAD_SENDING,
    S3__UPLOAD_COMPLETING,
    S3__UPLOAD_ABORTING,
    S3__UPLOAD_OVER
};

struct s3__feed;
struct s3__upload {
    struct s3__operation op; /* first */
    enum s3__upload_state state;
    struct s3__baggage to;
    struct s3__assembly assembly;
    struct s3__crew crew;
    struct s3__source source;
    struct s3__plan plan;   /* of a pipe: only part_size, that of its first part */
    struct s3__feed *feed;  /* of a pipe */
    struct s3_upload asked; /* only numbers, flags and callbacks are valid */
    char *name;             /* of the source, for people */
    char *resume;
    bool single, read_twice, keep;
    bool comparing; /* a job is posted */
    uint32_t next;  /* part to be sent, from 0 */
    uint64_t done_bytes, told_bytes;
    uint32_t done_parts;
    struct sigv4_job progress_job, compare_job;
    bool progress_posted;
    struct sigv4_call *listing;
    /* What the result will say. */
    char etag[S3__ETAG_MAX + 1], version_id[S3__UPLOAD_ID_MAX + 1], checksum_value[64];
    enum s3_checksum checksum;
    bool maybe_done;
};

/* ---- between upload.c, upload_resume.c and upload_pipe.c ---- */

/* The upload fails; what is under way is ended first. */
void s3__upload_fail(struct s3__upload *u, const struct sigv4_error *error);
void s3__upload_create(struct s3__upload *u);
/* Goes on when nothing of the last step is under way any more. */
void s3__upload_settle(struct s3__upload *u);
void s3__upload_progress(struct s3__upload *u);
/* Starts the request of a hand's part out of memory or of the source. */
int s3__upload_send_part(struct s3__upload *u, struct s3__hand *hand,
                         const struct sigv4_slice *body, struct sigv4_error *err);

/* A token is followed, and the parts it leads to are compared with the file. */
void s3__upload_recall(struct s3__upload *u);
void s3__upload_token(struct s3__upload *u); /* tells the user one */

/* A pipe's bytes into the crew's hands. */
int s3__feed_new(struct s3__upload *u); /* NOMEM, IO */
void s3__feed_free(struct s3__upload *u);
enum s3__supply s3__feed_next(struct s3__upload *u, struct s3__hand *hand);
int s3__feed_send(struct s3__upload *u, struct s3__hand *hand, struct sigv4_error *err);
void s3__feed_done(struct s3__upload *u, struct s3__hand *hand);
void s3__feed_halt(struct s3__upload *u);
void s3__feed_created(struct s3__upload *u); /* filled parts may go */
bool s3__feed_ended(const struct s3__upload *u);
#endif
