/* The AWS partitions (facts, 5.3), as data: a region belongs to the partition one of whose area
 * names it begins with ("us" in us-east-1), else to aws. */
#include <sigv4/endpoint.h>

#include "base/text.h"

struct areas {
    struct sigv4_partition partition;
    const char *names[10];
};

static const struct areas all[] = {
    {{"aws", "amazonaws.com", "api.aws", "us-east-1", true, true},
     {"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}},
    {{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "cn-northwest-1", true, true},
     {"cn"}},
    {{"aws-us-gov", "amazonaws.com", "api.aws", "us-gov-west-1", true, true}, {"us-gov"}},
    {{"aws-iso", "c2s.ic.gov", "api.aws.ic.gov", "us-iso-east-1", true, true}, {"us-iso"}},
    {{"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud", "us-isob-east-1", true, true}, {"us-isob"}},
    {{"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "eu-isoe-west-1", true, true},
     {"eu-isoe"}},
    {{"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov", "us-isof-south-1", true, true},
     {"us-isof"}},
    {{"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu", "eusc-de-east-1", true, true},
     {"eusc-de"}},
};

static char char_at(struct sigv4_slice s, size_t i)
{
    return ((const char *)s.ptr)[i];
}

/* "-east-1": a word of letters, digits and underscores, and a number. */
static bool is_place_and_number(struct sigv4_slice s)
{
    if (s.len == 0 || char_at(s, 0) != '-')
        return false;
    s = sigv4__from(s, 1);
    size_t word = sigv4__find(s, '-'), i;
    for (i = 0; i < word; i++)
        if (!sigv4__is_alnum(char_at(s, i)) && char_at(s, i) != '_')
            return false;
    if (word == 0 || word + 1 >= s.len)
        return false;
    for (i = word + 1; i < s.len; i++)
        if (!sigv4__is_digit(char_at(s, i)))
            return false;
    return true;
}

/* "aws-cn-global": the made-up region of services that have none. */
static bool is_global_of(const struct sigv4_partition *p, struct sigv4_slice region)
{
    return sigv4__starts_with(region, p->id) &&
           sigv4__equal_str(sigv4__from(region, strlen(p->id)), "-global");
}

static bool claims(const struct areas *a, struct sigv4_slice region)
{
    for (const char *const *name = a->names; *name; name++)
        if (sigv4__starts_with(region, *name) &&
            is_place_and_number(sigv4__from(region, strlen(*name))))
            return true;
    return is_global_of(&a->partition, region);
}

const struct sigv4_partition *sigv4_partition_of(struct sigv4_slice region)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (claims(&all[i], region))
            return &all[i].partition;
    return &all[0].partition;
}
