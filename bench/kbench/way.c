#include "way.h"

#include "moment.h"

#include <stdio.h>
#include <string.h>

enum { DIAGNOSIS_MS = 1500 };

int way_open(struct way *w, const char *label, const char *url, struct errand *errand,
             const struct session_settings *settings)
{
    *w = (struct way){.label = label, .url = url, .errand = errand, .settings = *settings};
    w->settings.endpoint_url = url;
    int code = session_open(&w->session, "kbench", &w->settings);
    if (code)
        return code;
    w->path.size = sizeof w->path;
    if (sigv4_diagnose(
            SIGV4_DIAGNOSE(.url = url, .service_id = errand->service_id, .region = settings->region,
                           .profile = settings->profile, .ca_bundle = settings->ca_bundle,
                           .timeout_ms = DIAGNOSIS_MS,
                           .flags = settings->no_verify_ssl ? SIGV4_DIAGNOSE_ANY_CERTIFICATE : 0),
            &w->path, NULL))
        w->path.size = 0; /* nothing can be said of it */
    if (!label)
        w->label = w->path.host[0] ? w->path.host : url;
    return 0;
}

void way_close(struct way *w)
{
    session_close(&w->session);
}

static void note_address(struct way *w, const char *text)
{
    size_t i = 0;
    while (i < w->address_count && strcmp(w->addresses[i].text, text) != 0)
        i++;
    if (i == WAY_ADDRESSES || !*text)
        return;
    if (i == w->address_count)
        snprintf(w->addresses[w->address_count++].text, sizeof w->addresses->text, "%s", text);
    w->addresses[i].requests++;
}

/* ---- one request ---- */

struct asked {
    struct way *way;
    struct sigv4_http_result http;
    struct sigv4_error error;
    bool succeeded;
};

static void on_asked(void *ctx, const struct sigv4_response *response)
{
    struct asked *a = ctx;
    a->succeeded = response->http && errand_succeeded(a->way->errand, response);
    if (response->http)
        a->http = *response->http;
    if (response->error)
        a->error = *response->error;
    note_address(a->way, response->address);
}

/* libcurl's times run from the start of the transfer; on a kept connection the first ones say
 * nothing. */
static void read_phases(const struct sigv4_http_result *http, struct reading *out)
{
    double ready = 0;
    out->phase[PHASE_NAME] = out->phase[PHASE_CONNECT] = out->phase[PHASE_TLS] = -1;
    if (!http->reused && http->connect_ms > 0) {
        double name = http->name_ms > 0 ? http->name_ms : 0;
        out->phase[PHASE_NAME] = name;
        out->phase[PHASE_CONNECT] = http->connect_ms - name;
        ready = http->connect_ms;
        if (http->tls_ms > ready) {
            out->phase[PHASE_TLS] = http->tls_ms - ready;
            ready = http->tls_ms;
        }
    }
    out->phase[PHASE_FIRST_BYTE] = http->first_byte_ms - ready;
    out->phase[PHASE_TOTAL] = http->total_ms;
}

bool way_ask(struct way *w, bool fresh, struct reading *out, struct sigv4_error *failure)
{
    struct asked a = {.way = w};
    struct sigv4_call *call;
    struct sigv4_request request = errand_request(w->errand, false);
    request.flags |= fresh ? SIGV4_REQUEST_FRESH : 0;
    request.on_done = on_asked;
    request.ctx = &a;
    if (sigv4_send(w->session.client, &request, &call, failure))
        return false;
    sigv4_call_wait(call, -1);
    sigv4_call_release(call);
    if (a.succeeded)
        read_phases(&a.http, out);
    else
        *failure = a.error;
    return a.succeeded;
}

/* ---- many ---- */

struct pushed {
    struct way *way;
    struct way_load *load;
    double until;
    unsigned under_way;
};

static void push_one(struct pushed *p);

static void on_pushed(void *ctx, const struct sigv4_response *response)
{
    struct pushed *p = ctx;
    p->under_way--;
    p->load->requests++;
    if (errand_succeeded(p->way->errand, response)) {
        p->load->bytes += errand_payload(p->way->errand, true, response);
    } else {
        p->load->failures++;
        p->load->failure = *response->error;
    }
    note_address(p->way, response->address);
    /* One that fails at once would be repeated without end. */
    if (moment_seconds() < p->until && !response->error)
        push_one(p);
}

static void push_one(struct pushed *p)
{
    struct sigv4_request request = errand_request(p->way->errand, true);
    request.on_done = on_pushed;
    request.ctx = p;
    if (sigv4_send(p->way->session.client, &request, NULL, &p->load->failure) == SIGV4_OK)
        p->under_way++;
    else
        p->load->failures++;
}

void way_push(struct way *w, unsigned parallel, double seconds, struct way_load *out)
{
    double began = moment_seconds(), cpu = moment_cpu_seconds();
    struct pushed p = {w, out, began + seconds, 0};
    *out = (struct way_load){0};
    for (unsigned i = 0; i < parallel && i < WAY_PARALLEL; i++)
        push_one(&p);
    while (p.under_way)
        sigv4_loop_run(w->session.loop, 1000);
    out->seconds = moment_seconds() - began;
    out->cpu_seconds = moment_cpu_seconds() - cpu;
}
