/* The settings of the AWS CLI that make sense here. Unknown ones are left alone. */
#include "object/profile.h"

#include "base/fail.h"
#include "base/text.h"

#include <s3/address.h>
#include <s3/multipart.h>
#include <stdlib.h>

enum { MAX_CONCURRENT = 256 };

static const char *setting(const struct s3_client *c, const char *name)
{
    return sigv4_client_profile_block(c->base, "s3", name);
}

static int refuse(const struct s3_client *c, const char *name, struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_INVALID, "the profile's s3 setting %s cannot be '%.60s'", name,
                       setting(c, name));
}

static bool is(const char *value, const char *word)
{
    return sigv4__equal_nocase(sigv4_str(value), sigv4_str(word));
}

/* on, off: what "true" and "false" set. */
static int apply_bool(struct s3_client *c, const char *name, uint32_t on, uint32_t off,
                      struct sigv4_error *err)
{
    const char *value = setting(c, name);
    if (!value)
        return SIGV4_OK;
    if (!is(value, "true") && !is(value, "false"))
        return refuse(c, name, err);
    c->options.flags |= is(value, "true") ? on : off;
    return SIGV4_OK;
}

static int apply_style(struct s3_client *c, struct sigv4_error *err)
{
    static const char name[] = "addressing_style";
    const char *value = setting(c, name);
    if (!value || is(value, "auto") || c->options.flags & (S3_PATH_STYLE | S3_VIRTUAL_HOST))
        return SIGV4_OK;
    if (!is(value, "path") && !is(value, "virtual"))
        return refuse(c, name, err);
    c->options.flags |= is(value, "path") ? S3_PATH_STYLE : S3_VIRTUAL_HOST;
    return SIGV4_OK;
}

/* "8388608", "8MB": units are powers of 1024, as the AWS CLI has them. 0: malformed. */
static uint64_t parse_size(const char *text)
{
    static const char *const units[] = {"KB", "MB", "GB", "KiB", "MiB", "GiB"};
    char *end;
    if (*text < '0' || *text > '9')
        return 0;
    uint64_t n = strtoull(text, &end, 10), unit = *end == '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (is(end, units[i]))
            unit = UINT64_C(1) << (10 * (i % 3 + 1));
    return unit == 0 || __builtin_mul_overflow(n, unit, &n) ? 0 : n;
}

static int apply_part_size(struct s3_client *c, struct sigv4_error *err)
{
    static const char name[] = "multipart_chunksize";
    const char *value = setting(c, name);
    if (!value)
        return SIGV4_OK;
    c->part_size = parse_size(value);
    if (c->part_size == 0)
        return refuse(c, name, err);
    if (c->part_size < S3_MIN_PART_SIZE)
        c->part_size = S3_MIN_PART_SIZE;
    return SIGV4_OK;
}

static int apply_concurrency(struct s3_client *c, struct sigv4_error *err)
{
    static const char name[] = "max_concurrent_requests";
    const char *value = setting(c, name);
    char *end;
    if (!value || c->options.max_requests)
        return SIGV4_OK;
    unsigned long n = strtoul(value, &end, 10);
    if (*value < '0' || *value > '9' || *end || n == 0)
        return refuse(c, name, err);
    c->options.max_requests = n < MAX_CONCURRENT ? (uint32_t)n : MAX_CONCURRENT;
    return SIGV4_OK;
}

int s3__profile_apply(struct s3_client *client, struct sigv4_error *err)
{
    int status = apply_style(client, err);
    if (status == SIGV4_OK)
        status = apply_bool(client, "use_accelerate_endpoint", S3_ACCELERATE, 0, err);
    if (status == SIGV4_OK)
        status = apply_bool(client, "use_dualstack_endpoint", S3_DUAL_STACK, 0, err);
    if (status == SIGV4_OK)
        status = apply_bool(client, "use_arn_region", 0, S3_SAME_REGION, err);
    if (status == SIGV4_OK)
        status = apply_part_size(client, err);
    if (status == SIGV4_OK)
        status = apply_concurrency(client, err);
    return status;
}
