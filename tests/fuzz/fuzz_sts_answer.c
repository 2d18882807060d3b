/* Any bytes as an answer of STS. */
#include "credentials/sts_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4__sts_answer answer;
    (void)sigv4__sts_answer_parse(&answer, sigv4_bytes(data, size), NULL);
    sigv4__sts_answer_free(&answer);
    return 0;
}
