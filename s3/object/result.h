#ifndef OBJECT_RESULT_H
#define OBJECT_RESULT_H
/* From an answer to what users see. */
#include <s3/client.h>

/* Everything the headers tell. error is what the request reported, or NULL; own receives a failure
 * found here (PROTOCOL), and result->error points to the one of both that counts. */
void s3__result_fill(struct s3_result *result, const struct sigv4_response *response,
                     const struct sigv4_error *error, struct sigv4_error *own);
/* Success without ETag and request id: a proxy's or a login page's, which is nobody's object. */
bool s3__result_is_foreign(const struct s3_result *result);
extern const char s3__foreign_words[];
/* Makes own, filled by sigv4__fail, the result's error; tells what it was about. */
void s3__result_fail(struct s3_result *result, struct sigv4_error *own);
#endif
