/* Service names of VPC endpoints (facts, 5.6). */
#include "diagnose/vpc_service.h"

#include <sigv4/endpoint.h>
#include <stdio.h>

static const char *last_word(const char *service_id)
{
    static const char *const words[][2] = {
        {"KINESIS", "kinesis-streams"}, {"S3", "s3"}, {"STS", "sts"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(service_id, words[i][0]) == 0)
            return words[i][1];
    return NULL;
}

/* China's interface endpoints are listed below cn.; S3, which is a gateway there too, is not. The
 * isolated partitions spell theirs in ways of their own: only the end is sure. */
static const char *first_words(const char *region, const char *word)
{
    const char *partition = sigv4_partition_of(sigv4_str(region))->id;
    if (strcmp(partition, "aws-cn") == 0 && strcmp(word, "s3") != 0)
        return "cn.com.amazonaws";
    if (strncmp(partition, "aws-iso", 7) == 0 || strcmp(partition, "aws-eusc") == 0)
        return "...";
    return "com.amazonaws";
}

bool sigv4__vpc_service(const char *service_id, const char *region, char out[128])
{
    const char *word = last_word(service_id);
    out[0] = '\0';
    if (word)
        snprintf(out, 128, "%s.%.63s.%s", first_words(region, word), *region ? region : "REGION",
                 word);
    return word;
}
