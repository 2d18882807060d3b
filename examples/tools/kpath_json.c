/* What was found, for machines. */
#include "kpath.h"

#include "failure.h"

#include <jansson.h>
#include <string.h>

static void put(json_t *object, const char *name, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, name, json_string(text));
}

static json_t *address_json(const struct sigv4_diagnosed_address *a)
{
    json_t *o = json_object();
    put(o, "address", a->text);
    put(o, "class", sigv4_address_class_name(a->kind));
    json_object_set_new(o, "in_vpc", json_boolean(a->in_vpc));
    json_object_set_new(o, "connected", json_boolean(a->os_errno == 0));
    put(o, "error", a->os_errno ? strerror(a->os_errno) : "");
    json_object_set_new(o, "connect_ms", json_real(a->connect_ms));
    put(o, "interface", a->interface);
    put(o, "gateway", a->gateway);
    put(o, "source", a->source);
    return o;
}

static json_t *tls_json(const struct sigv4_diagnosis *d)
{
    json_t *o = json_object();
    put(o, "version", d->tls_version);
    json_object_set_new(o, "ms", json_real(d->tls_ms));
    put(o, "names", d->certificate_names);
    put(o, "chain", d->certificate_chain);
    put(o, "fault", d->certificate_fault);
    json_object_set_new(o, "not_before", json_integer(d->certificate_from_unix));
    json_object_set_new(o, "not_after", json_integer(d->certificate_until_unix));
    return o;
}

static json_t *http_json(const struct sigv4_diagnosis *d)
{
    json_t *o = json_object();
    json_object_set_new(o, "status", json_integer(d->http_status));
    put(o, "request_id", d->request_id);
    if (d->clock_known)
        json_object_set_new(o, "clock_offset_ms", json_integer(d->clock_offset_ms));
    return o;
}

static json_t *call_json(const struct kpath_call *c)
{
    json_t *o = json_object();
    put(o, "operation", c->operation);
    json_object_set_new(o, "status", json_integer(c->http_status));
    put(o, "code", c->error.code);
    put(o, "message", c->error.message);
    put(o, "request_id", c->request_id);
    return o;
}

static void put_way(json_t *o, const struct sigv4_diagnosis *d)
{
    json_t *addresses = json_array();
    put(o, "host", d->host);
    json_object_set_new(o, "port", json_integer(d->port));
    put(o, "proxy", d->proxy);
    put(o, "proxy_origin", d->proxy_origin);
    json_object_set_new(o, "name_ms", json_real(d->name_ms));
    json_object_set_new(o, "total_ms", json_real(d->total_ms));
    for (size_t i = 0; i < d->address_count; i++)
        json_array_append_new(addresses, address_json(&d->addresses[i]));
    json_object_set_new(o, "addresses", addresses);
    put(o, "name_server_says", d->name_server_says);
    put(o, "vpc", d->vpc);
    if (d->tls_version[0])
        json_object_set_new(o, "tls", tls_json(d));
    if (d->http_status)
        json_object_set_new(o, "http", http_json(d));
}

static json_t *target_json(const struct kpath *k, const struct kpath_target *t)
{
    json_t *o = json_object();
    put(o, "service",
        strcmp(t->service_id, "KINESIS") == 0 ? "kinesis"
        : strcmp(t->service_id, "S3") == 0    ? "s3"
        : t->service_id[0]                    ? "sts"
                                              : "url");
    put(o, "url", t->url);
    put(o, "endpoint_origin", t->endpoint_origin);
    put(o, "resource", t->resource);
    put(o, "region", k->facts.region);
    put(o, "region_origin", k->facts.region_origin);
    put(o, "cause", sigv4_cause_name(t->d.cause));
    json_object_set_new(o, "works", json_boolean(t->works));
    put(o, "verdict", t->d.verdict);
    put(o, "likely", t->d.likely);
    put(o, "remedy", t->d.remedy);
    if (t->way_started && !t->way_status)
        put_way(o, &t->d);
    if (t->call.operation && t->call.answered)
        json_object_set_new(o, "call", call_json(&t->call));
    return o;
}

/* Incomplete for want of memory is said, not printed. */
int kpath_print_json(const struct kpath *k, int code, FILE *out)
{
    json_t *all = json_object(), *targets = json_array(), *identity = json_object();
    for (size_t i = 0; i < k->count; i++)
        json_array_append_new(targets, target_json(k, &k->targets[i]));
    put(identity, "arn", k->arn);
    put(identity, "source", k->facts.keys_origin);
    put(identity, "error", k->identity.error.status ? k->identity.error.message : "");
    json_object_set_new(all, "targets", targets);
    json_object_set_new(all, "identity", identity);
    json_object_set_new(all, "exit", json_integer(code));
    char *text = json_dumps(all, JSON_INDENT(2));
    if (text)
        fprintf(out, "%s\n", text);
    else
        code = failure_say("kpath", &(struct sigv4_error){.status = SIGV4_E_NOMEM});
    free(text);
    json_decref(all);
    return code;
}
