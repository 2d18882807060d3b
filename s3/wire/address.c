/* The endpoint rules of S3 (facts, 5.4): which host, the bucket in the host or in the path, and
 * which region is signed for. */
#include <s3/address.h>

#include "base/fail.h"
#include "base/text.h"
#include "wire/bucket_name.h"

struct rules {
    const struct sigv4_place *place;
    const struct s3_place *s3;
    const struct sigv4_partition *partition;
    struct sigv4_slice bucket;
    struct sigv4_url url; /* of the override */
    bool overridden, path_style, accelerate;
    struct sigv4_text out;
    struct sigv4_error *err;
};

static int refuse(struct rules *r, const char *why)
{
    return sigv4__fail(r->err, SIGV4_E_INVALID, "%s", why);
}

static bool is_global(const struct rules *r)
{
    return strcmp(r->place->region, "aws-global") == 0;
}

/* The console shows the names of VPC endpoints with a '*' where "bucket" must stand. */
static bool is_bare_vpc_endpoint(const char *url)
{
    return (strstr(url, "://vpce-") || strstr(url, "://*.vpce-")) && strstr(url, ".s3.") &&
           strstr(url, ".vpce.");
}

static int read_override(struct rules *r)
{
    const char *text = r->place->endpoint_url;
    r->overridden = text && *text;
    if (!r->overridden)
        return SIGV4_OK;
    if (is_bare_vpc_endpoint(text))
        return sigv4__fail(r->err, SIGV4_E_INVALID,
                           "%.160s: the name of a VPC endpoint for S3 begins with \"bucket.\": "
                           "https://bucket.vpce-ID.s3.REGION.vpce.amazonaws.com",
                           text);
    return sigv4_url_parse(sigv4_str(text), &r->url, r->err);
}

/* What the service does not have, wherever the request goes. */
static int check_combination(struct rules *r)
{
    const char *region = r->place->region;
    if (!region || !*region)
        return refuse(r, "no region");
    if (!sigv4_host_label_valid(sigv4_str(region), false))
        return sigv4__fail(r->err, SIGV4_E_INVALID,
                           "'%.64s' is not a region name such as us-east-1", region);
    if (r->accelerate && r->place->use_fips)
        return refuse(r, "S3 Accelerate has no FIPS endpoints");
    if (r->overridden && r->place->use_dual_stack)
        return refuse(r, "dual-stack cannot be combined with an endpoint URL");
    if (r->overridden && r->place->use_fips)
        return refuse(r, "FIPS cannot be combined with an endpoint URL");
    if (r->overridden && r->accelerate)
        return refuse(r, "S3 Accelerate cannot be combined with an endpoint URL");
    if (r->place->use_fips && strcmp(r->partition->id, "aws-cn") == 0)
        return refuse(r, "S3 has no FIPS endpoints in the partition aws-cn");
    return SIGV4_OK;
}

static int check_supported(struct rules *r)
{
    if (sigv4__ends_with(r->bucket, "--x-s3") || sigv4__ends_with(r->bucket, "--xa-s3"))
        return refuse(r, "directory buckets (S3 Express) are not supported");
    if (sigv4__ends_with(r->bucket, "--op-s3"))
        return refuse(r, "S3 on Outposts is not supported");
    return SIGV4_OK;
}

static void put(struct rules *r, const char *text)
{
    sigv4__text_str(&r->out, text);
}

/* "//host:port", and "/base" as the last part. */
static void put_override_host(struct rules *r)
{
    struct sigv4_slice text = sigv4_str(r->place->endpoint_url);
    text = sigv4__from(text, sigv4__find(text, '/') + 2);
    sigv4__text_slice(&r->out, sigv4__first(text, sigv4__find(text, '/')));
}

/* "s3.eu-west-1.amazonaws.com" and its kin. */
static void put_aws_host(struct rules *r)
{
    const struct sigv4_place *p = r->place;
    bool special = p->use_fips || p->use_dual_stack;
    bool one_host =
        is_global(r) || ((r->s3->flags & S3_GLOBAL_HOST) && strcmp(p->region, "us-east-1") == 0);
    put(r, p->use_fips ? "s3-fips" : "s3");
    put(r, p->use_dual_stack ? ".dualstack" : "");
    if (special || !one_host) {
        put(r, ".");
        put(r, is_global(r) ? r->partition->global_region : p->region);
    }
    put(r, ".");
    put(r, r->partition->dns_suffix);
}

static void put_accelerate_host(struct rules *r)
{
    put(r, "s3-accelerate");
    put(r, r->place->use_dual_stack ? ".dualstack" : "");
    /* Accelerate is one host for all regions, but for this combination in the service's rules. */
    put(r, r->place->use_dual_stack && is_global(r) ? ".us-east-1" : "");
    put(r, ".");
    put(r, r->partition->dns_suffix);
}

static void put_scheme(struct rules *r)
{
    put(r, r->overridden && !r->url.tls ? "http://" : "https://");
}

static void put_host(struct rules *r)
{
    if (r->overridden)
        put_override_host(r);
    else if (r->accelerate && r->bucket.len)
        put_accelerate_host(r);
    else
        put_aws_host(r);
    sigv4__text_slice(&r->out, r->url.path);
}

static bool fits_host(const struct rules *r)
{
    bool http = r->overridden && !r->url.tls;
    bool at_address = r->overridden && r->url.host_is_ip;
    return !r->path_style && !at_address && s3__bucket_fits_host(r->bucket, http);
}

static int write_bucket(struct rules *r)
{
    put_scheme(r);
    if (fits_host(r)) {
        if (r->accelerate && strcmp(r->partition->id, "aws-cn") == 0)
            return refuse(r, "there is no S3 Accelerate in the partition aws-cn");
        sigv4__text_slice(&r->out, r->bucket);
        put(r, ".");
        put_host(r);
        return SIGV4_OK;
    }
    if (r->accelerate)
        return refuse(r, "S3 Accelerate needs the bucket in the host name: no path style, no dots, "
                         "no upper-case letters");
    put_host(r);
    put(r, "/");
    sigv4__text_encode(&r->out, r->bucket, false);
    return SIGV4_OK;
}

struct access_point {
    struct sigv4_arn arn;
    struct sigv4_slice name;
};

/* "accesspoint/name" or "accesspoint:name". */
static bool read_access_point_name(struct sigv4_slice resource, struct sigv4_slice *name)
{
    static const char word[] = "accesspoint";
    if (!sigv4__starts_with(resource, word) || resource.len < sizeof word)
        return false;
    char separator = ((const char *)resource.ptr)[sizeof word - 1];
    *name = sigv4__from(resource, sizeof word);
    return separator == '/' || separator == ':';
}

static int bad_arn(struct rules *r, const char *why)
{
    return sigv4__fail(r->err, SIGV4_E_INVALID, "bad ARN '%.160s': %s", r->s3->bucket, why);
}

static int check_access_point(struct rules *r, struct access_point *a)
{
    const struct sigv4_arn *arn = &a->arn;
    if (sigv4__equal_str(arn->service, "s3-outposts"))
        return bad_arn(r, "S3 on Outposts is not supported");
    if (sigv4__equal_str(arn->service, "s3-object-lambda"))
        return bad_arn(r, "S3 Object Lambda is not supported");
    if (!sigv4__equal_str(arn->service, "s3") || !read_access_point_name(arn->resource, &a->name))
        return bad_arn(r, "it must read arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME");
    if (r->s3->flags & S3_NO_ACCESS_POINT)
        return bad_arn(r, "this operation needs a bucket, not an access point");
    if (arn->region.len == 0)
        return bad_arn(r, "Multi-Region Access Points are not supported");
    if (!sigv4_host_label_valid(a->name, false))
        return bad_arn(r, "an access point's name has letters, digits and '-' only");
    if (!sigv4_host_label_valid(arn->account_id, false))
        return bad_arn(r, "it has no valid account id");
    if (!sigv4_host_label_valid(arn->region, false))
        return bad_arn(r, "it has no valid region");
    if (sigv4_partition_of(arn->region) != r->partition)
        return bad_arn(r, "it is of another partition than the client's region");
    if ((r->s3->flags & S3_SAME_REGION) && !sigv4__equal_str(arn->region, r->place->region))
        return bad_arn(r, "it is of another region than the client's");
    if (r->accelerate)
        return bad_arn(r, "access points have no S3 Accelerate");
    if (r->path_style)
        return bad_arn(r, "an access point cannot stand in the path");
    return SIGV4_OK;
}

static int write_access_point(struct rules *r, struct access_point *a)
{
    int status = check_access_point(r, a);
    if (status)
        return status;
    put_scheme(r);
    sigv4__text_slice(&r->out, a->name);
    put(r, "-");
    sigv4__text_slice(&r->out, a->arn.account_id);
    put(r, ".");
    if (r->overridden) {
        put_host(r);
        return SIGV4_OK;
    }
    put(r, r->place->use_fips ? "s3-accesspoint-fips." : "s3-accesspoint.");
    put(r, r->place->use_dual_stack ? "dualstack." : "");
    sigv4__text_slice(&r->out, a->arn.region);
    put(r, ".");
    put(r, r->partition->dns_suffix);
    return SIGV4_OK;
}

static int write_url(struct rules *r, struct sigv4_slice *region)
{
    struct access_point a;
    int status;
    if (r->s3->bucket && r->bucket.len == 0)
        return refuse(r, "the name of the bucket is empty");
    if (!r->s3->bucket) {
        put_scheme(r);
        put_host(r);
        return SIGV4_OK;
    }
    if ((status = check_supported(r)))
        return status;
    if (sigv4__starts_with(r->bucket, "arn:")) {
        if (!sigv4_arn_parse(r->bucket, &a.arn))
            return bad_arn(r, "it must read arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME");
        *region = a.arn.region;
        return write_access_point(r, &a);
    }
    /* Few services that are not AWS have a host name per bucket. */
    if (r->overridden && !(r->s3->flags & S3_VIRTUAL_HOST))
        r->path_style = true;
    return write_bucket(r);
}

int s3_resolve(void *ctx, const struct sigv4_place *place, struct sigv4_target *out,
               struct sigv4_error *err)
{
    struct rules r = {.place = place, .s3 = ctx, .err = err};
    r.partition = sigv4_partition_of(sigv4_str(place->region));
    r.bucket = sigv4_str(r.s3->bucket);
    r.path_style = r.s3->flags & S3_PATH_STYLE;
    r.accelerate = r.s3->flags & S3_ACCELERATE;
    r.out = (struct sigv4_text){out->url, sizeof out->url - 1, 0};
    int status = read_override(&r);
    if (!status)
        status = check_combination(&r);
    struct sigv4_slice region =
        sigv4_str(!status && is_global(&r) ? r.partition->global_region : place->region);
    if (!status)
        status = write_url(&r, &region);
    if (status)
        return status;
    if (sigv4__text_status(&r.out))
        return sigv4__fail(err, SIGV4_E_TOO_LARGE, "the endpoint URL is longer than %zu bytes",
                           sizeof out->url - 1);
    out->url[r.out.len] = '\0';
    sigv4__fixed_copy(out->region, sizeof out->region, region);
    sigv4__fixed_copy(out->service, sizeof out->service, SIGV4_LIT("s3"));
    out->flags = SIGV4_S3_PATH;
    return SIGV4_OK;
}
