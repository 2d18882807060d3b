#ifndef OBJECT_PAGES_H
#define OBJECT_PAGES_H
/* Listings of any kind: page after page, entry after entry.
 *
 *   FETCHING --page read--> TELLING --all told, more follow--> FETCHING
 *     |  ^                    |  ^ \--all told, none follow--> over
 *     |  +--broken page, once more (twice)                PAUSED <-> TELLING
 *     |  +--a service that is busy, after a RESTING
 *     \--refused--> over
 *
 * Entries are told where users may be called, one page at a time.
 */
#include "object/again.h"
#include "object/operation.h"
#include "object/request.h"
#include "wire/page_xml.h"

enum s3__pages_state { S3__PAGES_FETCHING, S3__PAGES_RESTING, S3__PAGES_TELLING, S3__PAGES_PAUSED };

struct s3__pages {
    struct s3__operation op;
    enum s3__pages_state state;
    enum s3__page_kind kind;
    struct s3__request request;
    size_t base_query;     /* length of the query without a place to go on from */
    const char *next_name; /* of that parameter */
    struct sigv4_job tell_job;
    struct s3__again again;
    struct s3__page page;
    size_t told;
    unsigned broken; /* pages that could not be read, in a row */
    bool canceled;
    /* One entry. */
    enum sigv4_flow (*tell)(struct s3__pages *pages, size_t i);
    enum sigv4_flow (*on_entry)(void *ctx, const struct s3_list_entry *entry);
    enum sigv4_flow (*on_bucket)(void *ctx, const struct s3_bucket_entry *bucket);
    enum sigv4_flow (*on_part)(void *ctx, const struct s3_part *part);
};

int s3__pages_new(struct s3__pages **out, struct s3_client *client, const char *operation,
                  enum s3__page_kind kind, struct sigv4_error *err);
/* Starts it, or drops it when status (of what was done to it since) is not OK. */
int s3__pages_begin(struct s3__pages *pages, int status, struct sigv4_call **call,
                    struct sigv4_error *err);
#endif
