/* What buckets may be called (facts, 5.4). */
#include <s3/address.h>

#include "base/fail.h"
#include "base/text.h"

#include "wire/bucket_name.h"

static char char_at(struct sigv4_slice s, size_t i)
{
    return ((const char *)s.ptr)[i];
}

static bool all_of(struct sigv4_slice s, const char *others, bool upper)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = char_at(s, i);
        bool letter = sigv4__is_alnum(c) && (upper || c == sigv4__lower(c));
        if (!letter && !(c && strchr(others, c)))
            return false;
    }
    return true;
}

/* Four numbers and dots: would be taken for an address. */
static bool looks_like_address(struct sigv4_slice s)
{
    unsigned dots = 0, digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (char_at(s, i) == '.' && digits > 0) {
            dots++;
            digits = 0;
        } else if (sigv4__is_digit(char_at(s, i))) {
            digits++;
        } else {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

bool s3__bucket_fits_host(struct sigv4_slice name, bool dots_allowed)
{
    return name.len >= 3 && name.len <= 63 && all_of(name, ".-", false) &&
           sigv4_host_label_valid(name, dots_allowed) && !looks_like_address(name);
}

static const char *reserved_part(struct sigv4_slice name)
{
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const suffixes[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (sigv4__starts_with(name, prefixes[i]))
            return prefixes[i];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (sigv4__ends_with(name, suffixes[i]))
            return suffixes[i];
    return NULL;
}

static int refuse(struct sigv4_slice name, const char *why, struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_INVALID, "no bucket can be called '%.*s': %s",
                       (int)(name.len > 100 ? 100 : name.len),
                       name.len ? (const char *)name.ptr : "", why);
}

static int check_new(struct sigv4_slice name, struct sigv4_error *err)
{
    const char *reserved = reserved_part(name);
    if (name.len < 3 || name.len > 63)
        return refuse(name, "a new name has 3 to 63 characters", err);
    if (!all_of(name, ".-", false))
        return refuse(name, "a new name has lower-case letters, digits, '.' and '-' only", err);
    if (looks_like_address(name))
        return refuse(name, "it looks like an IP address", err);
    if (!sigv4_host_label_valid(name, true))
        return refuse(name, "each part between dots begins and ends with a letter or digit", err);
    if (reserved)
        return sigv4__fail(err, SIGV4_E_INVALID, "no bucket can be called '%.*s': '%s' is reserved",
                           (int)name.len, (const char *)name.ptr, reserved);
    return SIGV4_OK;
}

int s3_bucket_name_check(struct sigv4_slice name, bool is_new, struct sigv4_error *err)
{
    struct sigv4_arn arn;
    if (is_new)
        return check_new(name, err);
    if (sigv4_arn_parse(name, &arn))
        return SIGV4_OK;
    /* Old buckets of us-east-1 have names that would be refused today. */
    if (name.len < 3 || name.len > 255)
        return refuse(name, "a name has 3 to 255 characters", err);
    if (!all_of(name, "._-", true))
        return refuse(name, "a name has letters, digits, '.', '-' and '_' only", err);
    return SIGV4_OK;
}
