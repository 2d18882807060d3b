/* What was found, for people. */
#include "kpath.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void label(FILE *out, const char *word)
{
    fprintf(out, "  %-10s", word);
}

static const char *service_word(const struct kpath_target *t)
{
    static const char *const words[][2] = {{"KINESIS", "kinesis"}, {"S3", "s3"}, {"STS", "sts"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(t->service_id, words[i][0]) == 0)
            return words[i][1];
    return "url";
}

static void print_place(const struct kpath *k, const struct kpath_target *t, FILE *out)
{
    const char *region = k->facts.region, *origin = k->facts.region_origin;
    const char *unknown = region && region[0] ? "(not known)" : "(not known without a region)";
    fprintf(out, "%s  %s", service_word(t), t->url[0] ? t->url : unknown);
    if (t->resource)
        fprintf(out, "  %s", t->resource);
    fputc('\n', out);
    if (t->service_id[0] && region && region[0])
        fprintf(out, "  %-10s%s (%s)\n", "region", region, origin ? origin : "");
    if (t->endpoint_origin[0])
        fprintf(out, "  %-10sby %s\n", "endpoint", t->endpoint_origin);
}

static void print_name(const struct sigv4_diagnosis *d, FILE *out)
{
    if (d->proxy[0])
        fprintf(out, "  %-10s%s (%s); the addresses are its\n", "proxy", d->proxy, d->proxy_origin);
    label(out, "name");
    if (d->address_count)
        fprintf(out, "%zu address%s in %.1f ms\n", d->address_count,
                d->address_count == 1 ? "" : "es", d->name_ms);
    else
        fprintf(out, "no address in %.1f ms\n", d->name_ms);
    if (d->name_server_says[0])
        fprintf(out, "  %-10sthe name server itself says %s\n", "", d->name_server_says);
}

static void print_outcome(const struct sigv4_diagnosed_address *a, FILE *out)
{
    if (a->os_errno == 0)
        fprintf(out, "connected in %.1f ms", a->connect_ms);
    else if (a->os_errno == ETIMEDOUT)
        fprintf(out, "no answer in %.1f s", a->connect_ms / 1000);
    else
        fprintf(out, "%s", strerror(a->os_errno));
}

static void print_address(const struct sigv4_diagnosed_address *a, FILE *out)
{
    label(out, "address");
    fprintf(out, "%s  %s%s  ", a->text, sigv4_address_class_name(a->kind),
            a->in_vpc ? ", inside this VPC" : "");
    print_outcome(a, out);
    if (a->interface[0]) {
        fprintf(out, "  (%s", a->interface);
        if (a->gateway[0])
            fprintf(out, " by %s", a->gateway);
        if (a->source[0])
            fprintf(out, " from %s", a->source);
        fputc(')', out);
    }
    fputc('\n', out);
}

static const char *day(int64_t unix_seconds, char out[32])
{
    struct tm tm;
    time_t t = (time_t)unix_seconds;
    if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%d", &tm))
        out[0] = '\0';
    return out;
}

static void print_tls(const struct sigv4_diagnosis *d, FILE *out)
{
    char from[32], until[32];
    if (!d->tls_version[0])
        return;
    fprintf(out, "  %-10s%s in %.1f ms%s%s\n", "tls", d->tls_version, d->tls_ms,
            d->certificate_fault[0] ? "; " : "", d->certificate_fault);
    fprintf(out, "  %-10sfor %s\n", "", d->certificate_names);
    fprintf(out, "  %-10s%s; %s to %s\n", "", d->certificate_chain,
            day(d->certificate_from_unix, from), day(d->certificate_until_unix, until));
}

static void print_http(const struct sigv4_diagnosis *d, FILE *out)
{
    if (!d->http_status)
        return;
    fprintf(out, "  %-10s%d%s%s", "http", d->http_status, d->request_id[0] ? ", request id " : "",
            d->request_id);
    /* Date counts whole seconds. */
    if (d->clock_known && d->clock_offset_ms > -2000 && d->clock_offset_ms < 2000)
        fprintf(out, "; this host's clock agrees");
    else if (d->clock_known)
        fprintf(out, "; this host's clock is %.0f s %s",
                (d->clock_offset_ms < 0 ? -1 : 1) * (double)d->clock_offset_ms / 1000,
                d->clock_offset_ms < 0 ? "ahead" : "behind");
    fputc('\n', out);
}

static void print_call(const struct kpath_call *c, FILE *out)
{
    if (!c->operation || !c->answered || (c->error.status && !c->http_status))
        return;
    fprintf(out, "  %-10s%s: %s", "call", c->operation,
            c->error.status ? c->error.code
            : c->foreign    ? "not understood"
                            : "allowed");
    if (c->request_id[0])
        fprintf(out, ", request id %s", c->request_id);
    fputc('\n', out);
}

static void print_target(const struct kpath *k, const struct kpath_target *t, FILE *out)
{
    const struct sigv4_diagnosis *d = &t->d;
    print_place(k, t, out);
    if (t->way_started && !t->way_status) {
        print_name(d, out);
        for (size_t i = 0; i < d->address_count; i++)
            print_address(&d->addresses[i], out);
        if (d->vpc[0])
            fprintf(out, "  %-10s%s\n", "vpc", d->vpc);
        print_tls(d, out);
        print_http(d, out);
    }
    print_call(&t->call, out);
    fprintf(out, "  %-10s%s: %s\n", "verdict", t->works ? "good" : sigv4_cause_name(d->cause),
            d->verdict);
    if (d->likely[0])
        fprintf(out, "  %-10s%s\n", "likely", d->likely);
    if (d->remedy[0])
        fprintf(out, "  %-10s%s\n", "remedy", d->remedy);
}

static void print_why_unknown(const struct kpath *k, FILE *out)
{
    const struct kpath_call *c = &k->identity;
    const struct sigv4_error *e = &c->error;
    fputs("not known: ", out);
    if (!k->identity_asked)
        fputs(k->settings->session.endpoint_url ? "STS is not asked with --endpoint-url"
                                                : "STS was not asked",
              out);
    else if (c->foreign)
        fputs("something else answers in the place of STS", out);
    else if (e->status && e->http_status && e->code[0])
        fprintf(out, "STS answers %s (HTTP %d)", e->code, e->http_status);
    else
        fputs(e->status && e->message[0] ? e->message : "STS gave no answer", out);
}

static void print_identity(const struct kpath *k, FILE *out)
{
    if (!k->identity_asked && !k->facts.keys_origin[0])
        return;
    fprintf(out, "identity  %s", k->arn);
    if (!k->arn[0])
        print_why_unknown(k, out);
    if (k->facts.keys_origin[0])
        fprintf(out, "; keys from %s", k->facts.keys_origin);
    fputc('\n', out);
}

void kpath_print_page(const struct kpath *k, FILE *out)
{
    print_identity(k, out);
    for (size_t i = 0; i < k->count; i++) {
        fputc('\n', out);
        print_target(k, &k->targets[i], out);
    }
}
