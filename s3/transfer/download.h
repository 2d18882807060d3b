#ifndef TRANSFER_DOWNLOAD_H
#define TRANSFER_DOWNLOAD_H
/* s3_download inside:
 *
 *   LOOKING (HEAD) --> [COMPARING what a token says is there] --> FETCHING (ranges of one version)
 *      |                                                             |     \--all, verified--+
 *      \--refused--> OVER <-----------------stopped, failed----------+                       v
 *                     ^----------------------------------------------- FINISHING (sync, rename)
 *
 * A small object that was listed needs no HEAD. Into a file every range is written where it
 * belongs. Into a pipe or a callback ranges are kept until it is their turn: download_flow.c. */
#include "object/operation.h"
#include "transfer/baggage.h"
#include "transfer/chore.h"
#include "transfer/crew.h"
#include "transfer/plan.h"
#include "transfer/target.h"
#include "wire/checksum.h"
#include "wire/outcome_xml.h"

#include <s3/transfer.h>

enum s3__download_state {
    S3__DOWNLOAD_LOOKING,
    S3__DOWNLOAD_COMPARING,
    S3__DOWNLOAD_FETCHING,
    S3__DOWNLOAD_FINISHING,
    S3__DOWNLOAD_OVER
};

struct s3__flow;
struct s3__download {
    struct s3__operation op; /* first */
    enum s3__download_state state;
    struct s3__baggage from;
    struct s3_download asked; /* only numbers, flags and callbacks are valid */
    struct s3__crew crew;
    struct s3__plan plan;
    struct s3__target target; /* into a file */
    struct s3__flow *flow;    /* into anything else */
    struct sigv4_call *looking;
    struct s3__again again; /* a look */
    struct s3__chore finishing;
    char *resume;
    int own_fd;                /* opened here; -1 */
    bool to_file, keep, whole; /* whole: one get */
    bool listed;               /* and no HEAD before it */
    uint32_t next;
    bool *done;                /* per part */
    uint64_t *crcs;            /* per part; NULL: nothing to compare */
    struct s3__checksum *sums; /* one per hand, running */
    uint64_t done_bytes, told_bytes;
    uint32_t done_parts;
    struct sigv4_job progress_job, compare_job;
    bool progress_posted, comparing, committing;
    struct s3_result so_far; /* what HEAD said; texts below */
    char etag[S3__ETAG_MAX + 1], version_id[S3__UPLOAD_ID_MAX + 1], content_type[256];
    char checksum_value[64];
};

/* ---- between download.c, download_parts.c, download_resume.c and download_flow.c ---- */

extern const struct s3__crew_ops s3__download_crew_ops;
/* What an answer says of the object. */
void s3__download_remember(struct s3__download *d, const struct s3_result *seen);

void s3__download_fail(struct s3__download *d, const struct sigv4_error *error);
void s3__download_settle(struct s3__download *d);
void s3__download_fetch(struct s3__download *d); /* everything is prepared */
void s3__download_progress(struct s3__download *d);
/* A part is there: counted, and its checksum kept. */
void s3__download_count(struct s3__download *d, uint32_t index, uint64_t crc);

void s3__download_token(struct s3__download *d);
uint64_t s3__download_part_size(struct s3__download *d); /* a fitting token's, else as asked */
/* Follows a token when there is one that fits; goes on with s3__download_fetch. */
void s3__download_recall(struct s3__download *d);

/* In order, through memory. */
int s3__flow_new(struct s3__download *d, int fd); /* fd -1: the callback. NOMEM, IO */
void s3__flow_free(struct s3__download *d);
enum s3__supply s3__flow_next(struct s3__download *d, struct s3__hand *hand);
void s3__flow_keep(struct s3__download *d, struct s3__hand *hand, struct sigv4_slice chunk);
void s3__flow_part(struct s3__download *d, struct s3__hand *hand); /* all of it is kept */
void s3__flow_drop(struct s3__download *d, struct s3__hand *hand); /* it will not come */
void s3__flow_halt(struct s3__download *d);
void s3__flow_resume(struct s3__download *d);
bool s3__flow_busy(const struct s3__download *d);  /* something is with the writer or the user */
bool s3__flow_ended(const struct s3__download *d); /* everything was handed out */
#endif
