#ifndef KBENCH_ERRAND_H
#define KBENCH_ERRAND_H
/* The request that is made on both ways: records into a stream, an object out of a bucket, or a
 * bare GET of "/", which every service answers, if only with a refusal. */
#include <sigv4/client.h>

struct errand {
    const char *service_id; /* whose remedies count in a diagnosis */
    char *small, *full;     /* bodies of PutRecords: one record, and as many as go in one request */
    size_t small_records, full_records, record_bytes;
    struct sigv4_header headers[2];
    char *path;              /* of an object, percent-encoded */
    struct sigv4_slice body; /* of the request that was made last */
};

struct errand_settings {
    const char *stream; /* put records of record_bytes there; NULL: not */
    size_t record_bytes;
    const char *bucket, *key; /* get this object; NULL: not */
    const char *service_id;   /* of neither: "KINESIS" or "S3" */
};
/* false: no memory. */
bool errand_init(struct errand *e, const struct errand_settings *settings);
void errand_free(struct errand *e);
bool errand_has_payload(const struct errand *e);
/* The errand must stay as it is until the request has ended. */
struct sigv4_request errand_request(struct errand *e, bool full);
/* Was it answered as it should be? */
bool errand_succeeded(const struct errand *e, const struct sigv4_response *response);
/* The payload that such an answer says was taken, or brings: bytes. */
uint64_t errand_payload(const struct errand *e, bool full, const struct sigv4_response *response);
#endif
