#include "result.h"

#include "cost.h"
#include "finding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

const char *const connection_names[CONNECTION_KINDS] = {"fresh", "kept"};

/* Milliseconds to the microsecond: more digits say nothing. */
static json_t *milliseconds(double ms)
{
    return json_real(round(ms * 1000) / 1000);
}

static json_t *interval_json(const struct interval *i)
{
    return json_pack("[o, o, o]", milliseconds(i->value), milliseconds(i->low),
                     milliseconds(i->high));
}

/* Names given by the user and messages cut somewhere need not be UTF-8; JSON is nothing else. */
static json_t *text_json(const char *text)
{
    char plain[1024];
    json_t *json = json_string(text);
    if (json)
        return json;
    snprintf(plain, sizeof plain, "%s", text);
    for (char *c = plain; *c; c++)
        *c = (*c & 0x80) ? '?' : *c;
    return json_string(plain);
}

/* ---- a way ---- */

static json_t *readings_json(const struct series *s)
{
    json_t *all = json_array();
    for (size_t i = 0; i < s->count; i++) {
        const struct reading *r = &s->readings[i];
        json_t *one = json_pack("[o, I]", milliseconds(r->at_s), (json_int_t)r->block);
        for (int p = 0; p < PHASE_COUNT; p++)
            json_array_append_new(one,
                                  r->phase[p] < 0 ? json_integer(-1) : milliseconds(r->phase[p]));
        json_array_append_new(all, one);
    }
    return json_pack("{s:I, s:o, s:o}", "failures", (json_int_t)s->failures, "failure",
                     text_json(s->failure), "readings", all);
}

static json_t *throughput_json(const struct trial_side *side, size_t count)
{
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct way_load *l = &side->loads[i].sum;
        double gb = (double)l->bytes / 1e9;
        json_array_append_new(
            all, json_pack("{s:i, s:f, s:f, s:f, s:I, s:I, s:o}", "connections",
                           (int)side->loads[i].connections, "seconds", l->seconds, "mb_per_s",
                           l->seconds > 0 ? gb * 1000 / l->seconds : 0, "cpu_s_per_gb",
                           gb > 0 ? l->cpu_seconds / gb : 0, "requests", (json_int_t)l->requests,
                           "failures", (json_int_t)l->failures, "failure",
                           text_json(l->failure.message)));
    }
    return all;
}

static json_t *path_json(const struct sigv4_diagnosis *d)
{
    json_t *addresses = json_array();
    for (size_t i = 0; i < d->address_count; i++)
        json_array_append_new(
            addresses, json_pack("{s:s, s:s, s:b, s:s, s:o}", "address", d->addresses[i].text,
                                 "class", sigv4_address_class_name(d->addresses[i].kind), "in_vpc",
                                 d->addresses[i].in_vpc, "gateway", d->addresses[i].gateway,
                                 "connect_ms", milliseconds(d->addresses[i].connect_ms)));
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o}", "host", text_json(d->host), "proxy",
                     text_json(d->proxy), "cause", sigv4_cause_name(d->cause), "verdict",
                     text_json(d->verdict), "remedy", text_json(d->remedy), "addresses", addresses);
}

static json_t *way_json(const struct way *w, const struct trial_side *side, size_t load_count)
{
    json_t *took = json_array();
    for (size_t i = 0; i < w->address_count; i++)
        json_array_append_new(took, json_pack("{s:s, s:I}", "address", w->addresses[i].text,
                                              "requests", (json_int_t)w->addresses[i].requests));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "label", text_json(w->label), "url",
                     text_json(w->url), "path", path_json(&w->path), "took", took, "fresh",
                     readings_json(&side->series[CONNECTION_FRESH]), "kept",
                     readings_json(&side->series[CONNECTION_KEPT]), "throughput",
                     throughput_json(side, load_count));
}

/* ---- what is found ---- */

static json_t *quantiles_json(const bool known[QUANTILES], const struct interval of[QUANTILES])
{
    json_t *all = json_object();
    for (size_t i = 0; i < QUANTILES; i++)
        if (known[i])
            json_object_set_new(all, finding_quantile_names[i], interval_json(&of[i]));
    return all;
}

static json_t *phase_json(const struct phase_finding *f, double smallest_ms)
{
    json_t *all = json_pack("{s:o, s:o}", "a", quantiles_json(f->known_a, f->a), "b",
                            quantiles_json(f->known_b, f->b));
    if (f->compared) {
        json_object_set_new(all, "difference", interval_json(&f->difference));
        json_object_set_new(all, "differs",
                            json_boolean(finding_differs(&f->difference, smallest_ms)));
    }
    return all;
}

json_t *result_phases(const struct series a[CONNECTION_KINDS],
                      const struct series b[CONNECTION_KINDS], double smallest_ms)
{
    json_t *all = json_object();
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        json_t *phases = json_object();
        json_object_set_new(all, connection_names[kind], phases);
        for (enum phase p = 0; p < PHASE_COUNT; p++) {
            struct phase_finding f;
            if (!finding_of(&a[kind], &b[kind], p, &f)) {
                json_decref(all);
                return NULL;
            }
            if (f.count_a || f.count_b)
                json_object_set_new(phases, phase_name(p), phase_json(&f, smallest_ms));
        }
    }
    return all;
}

static void say_round_trip(const struct interval *d, bool differs, const char *label_a,
                           const char *label_b, double smallest_ms, char out[256])
{
    bool b_longer = d->value > 0;
    if (differs)
        snprintf(out, 256,
                 "a round trip by %s takes %.2f ms longer than by %s (95 %%: %.2f to %.2f)",
                 b_longer ? label_b : label_a, fabs(d->value), b_longer ? label_a : label_b,
                 fabs(b_longer ? d->low : d->high), fabs(b_longer ? d->high : d->low));
    else
        snprintf(out, 256, "no difference between a round trip by %s and one by %s above %g ms",
                 label_a, label_b, smallest_ms);
}

/* What a busy machine or network adds, it adds to some handshakes and not to others: the tenth part
 * that was quickest says what the way itself takes. */
json_t *result_round_trip(const struct series *a, const struct series *b, const char *label_a,
                          const char *label_b, double smallest_ms)
{
    struct sample of_a = {0}, of_b = {0};
    struct interval d = {0};
    char sentence[256] = "there is nothing to compare: one of the two ways gave no answer";
    bool ok = series_cut(a, PHASE_CONNECT, &of_a) && series_cut(b, PHASE_CONNECT, &of_b);
    bool known = ok && of_a.count && of_b.count, differs = false;
    if (known && (ok = estimate_difference(&of_a, &of_b, 0.1, &d))) {
        d.low -= smallest_ms;
        d.high += smallest_ms;
        differs = finding_differs(&d, smallest_ms);
        say_round_trip(&d, differs, label_a, label_b, smallest_ms, sentence);
    }
    sample_free(&of_a);
    sample_free(&of_b);
    if (!ok)
        return NULL;
    return json_pack("{s:o, s:b, s:o}", "difference_ms", known ? interval_json(&d) : json_null(),
                     "differs", differs, "sentence", text_json(sentence));
}

/* ---- the whole ---- */

static json_t *costs_json(void)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < cost_count; i++)
        json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:s}", "way", costs[i].way,
                                              "dollars_per_hour", costs[i].dollars_per_hour,
                                              "dollars_per_gb", costs[i].dollars_per_gb, "note",
                                              costs[i].note));
    return json_pack("{s:s, s:s, s:s, s:o}", "region", cost_region, "date", cost_date, "source",
                     cost_source, "rows", rows);
}

static json_t *head_json(const struct trial *t, const struct trial_settings *settings,
                         const char *request, double smallest_ms)
{
    char began[32];
    time_t when = (time_t)t->began_unix;
    struct tm utc;
    struct utsname machine = {0};
    strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &utc));
    uname(&machine);
    return json_pack("{s:s, s:s, s:s, s:f, s:o, s:s, s:I, s:I, s:f}", "kbench", "path", "version",
                     sigv4_version(), "began", began, "seconds", t->seconds, "machine",
                     text_json(machine.nodename), "request", request, "requests",
                     (json_int_t)settings->requests, "block", (json_int_t)settings->block,
                     "smallest_ms", smallest_ms);
}

json_t *result_of(const struct way ways[2], const struct trial *t,
                  const struct trial_settings *settings, const char *request, double smallest_ms)
{
    const struct series *a = t->sides[0].series, *b = t->sides[1].series;
    json_t *all = head_json(t, settings, request, smallest_ms);
    struct {
        const char *name;
        json_t *part;
    } parts[] = {
        {"ways", json_pack("[o, o]", way_json(&ways[0], &t->sides[0], t->load_count),
                           way_json(&ways[1], &t->sides[1], t->load_count))},
        {"round_trip", result_round_trip(&a[CONNECTION_FRESH], &b[CONNECTION_FRESH], ways[0].label,
                                         ways[1].label, smallest_ms)},
        {"phases", result_phases(a, b, smallest_ms)},
        {"costs", costs_json()},
    };
    bool whole = all != NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        whole = json_object_set_new(all, parts[i].name, parts[i].part) == 0 && whole;
    if (whole)
        return all;
    json_decref(all);
    return NULL;
}

/* ---- and back ---- */

static bool read_reading(const json_t *from, struct reading *out)
{
    if (json_array_size(from) != 2 + PHASE_COUNT)
        return false;
    out->at_s = json_number_value(json_array_get(from, 0));
    out->block = (uint32_t)json_integer_value(json_array_get(from, 1));
    for (size_t p = 0; p < PHASE_COUNT; p++)
        out->phase[p] = json_number_value(json_array_get(from, 2 + p));
    return true;
}

static bool read_series(const json_t *from, struct series *out)
{
    const json_t *readings = json_object_get(from, "readings");
    size_t count = json_array_size(readings);
    struct reading reading;
    if (!json_is_array(readings) || !series_init(out, count))
        return false;
    out->failures = (uint64_t)json_integer_value(json_object_get(from, "failures"));
    for (size_t i = 0; i < count; i++)
        if (!read_reading(json_array_get(readings, i), &reading) || !series_add(out, &reading))
            return false;
    return true;
}

bool result_series(const json_t *result, int side, struct series out[CONNECTION_KINDS])
{
    const json_t *way = json_array_get(json_object_get(result, "ways"), (size_t)side);
    bool ok = true;
    for (int kind = 0; kind < CONNECTION_KINDS; kind++) {
        out[kind] = (struct series){0};
        ok = ok && read_series(json_object_get(way, connection_names[kind]), &out[kind]);
    }
    return ok;
}
