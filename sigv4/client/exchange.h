#ifndef CLIENT_EXCHANGE_H
#define CLIENT_EXCHANGE_H
/* One request carried to its end:
 *
 *   PLACE --region known--> KEYS --got them--> SENDING --answer or failure--> classify
 *     |                      ^                                                 |   |
 *     | IMDS is asked        +------------ WAITING <--- again, after a while --+   | done, or
 *     v                                                                            v given up
 *   (told by the client)                                                         DONE
 *
 * In front of KEYS the adaptive mode may hold a request back, in WAITING, too.
 *
 * In DONE the user is owed one callback; the exchange lives on until a credentials look-up that is
 * still under way has come back. */
#include "client/answer.h"
#include "client/client.h"
#include "transport/timer.h"

enum sigv4__exchange_state {
    SIGV4__PLACE,
    SIGV4__KEYS,
    SIGV4__SENDING,
    SIGV4__WAITING,
    SIGV4__DONE
};

struct sigv4__exchange {
    struct sigv4_job start_job, done_job;
    struct sigv4__exchange *next, *prev; /* of the client's */
    struct sigv4_client *client;
    struct sigv4_call *call;
    enum sigv4__exchange_state state;

    struct sigv4_request request; /* texts point into block */
    void *block;
    size_t block_size;
    struct sigv4_text *presign; /* not sent: the presigned URL is written here */
    uint32_t presign_seconds;

    struct sigv4_target target;
    struct sigv4_url url;
    struct sigv4_credentials *creds;
    struct sigv4__buffer head; /* texts of the request line and headers of this attempt */
    struct sigv4_header *headers;
    size_t header_count, header_cap;
    char payload_hash[65];
    struct sigv4_transfer transfer;
    struct sigv4_http_options how; /* the client's, with the proxy for this host */

    struct sigv4_timer deadline, pause;
    struct sigv4__retry_state retry;
    int64_t signed_skew_ms; /* what the client thought of its clock when this attempt was signed */
    int verdict;            /* CANCELED or TIMEOUT: ends the attempt under way */
    bool fetching_keys, called, clock_corrected, keys_refreshed, maybe_done;
    struct sigv4__answer answer;
    struct sigv4_error error;
    struct sigv4_http_result http;
};

/* Copies and checks the request. presign may be NULL. */
int sigv4__exchange_new(struct sigv4__exchange **out, struct sigv4_client *client,
                        const struct sigv4_request *request, struct sigv4_error *err);
/* Starts it on the loop. Cannot fail; ends in exactly one on_done. */
void sigv4__exchange_start(struct sigv4__exchange *x);
void sigv4__exchange_region(struct sigv4__exchange *x, const struct sigv4_error *err);
void sigv4__exchange_end(struct sigv4__exchange *x, int verdict); /* CANCELED, TIMEOUT */
void sigv4__exchange_cancel(void *exchange);                      /* as a call's cancel function */
void sigv4__exchange_free(struct sigv4__exchange *x);
#endif
