#ifndef KBENCH_RESULT_H
#define KBENCH_RESULT_H
/* A trial as JSON: what is written to a file, printed as a page, drawn in the report, and compared
 * with another one later. One form for all, so that nothing is shown that is not in the file.
 *
 *   kbench      "path"
 *   ways        two: label, url, path (what the diagnosis saw), took (addresses and requests),
 *               fresh and kept (failures and readings, each [at_s, block, name, connect, tls,
 *               first_byte, total] in ms, -1: no such phase), throughput
 *   phases      fresh and kept: by phase, quantiles of a and b and the difference of the medians,
 *               each [value, low, high] in ms, the latter two the 95 % interval
 *   round_trip  the difference of the quickest tenth of the TCP handshakes, which take one round
 *               trip and no service; its interval is wider by smallest_ms on both sides, because
 *               two ways that are the same may differ by so much
 *   costs       the table of list prices */
#include "trial.h"

#include <jansson.h>

/* NULL: no memory. */
json_t *result_of(const struct way ways[2], const struct trial *trial,
                  const struct trial_settings *settings, const char *request, double smallest_ms);
/* The fresh and kept series of way `side` of a result. false: it is none of ours, or no memory. */
bool result_series(const json_t *result, int side, struct series out[CONNECTION_KINDS]);
/* The member phases, from two sides' series. NULL: no memory. */
json_t *result_phases(const struct series a[CONNECTION_KINDS],
                      const struct series b[CONNECTION_KINDS], double smallest_ms);
/* The member round_trip, from the fresh connections of both. NULL: no memory. */
json_t *result_round_trip(const struct series *a, const struct series *b, const char *label_a,
                          const char *label_b, double smallest_ms);
extern const char *const connection_names[CONNECTION_KINDS]; /* "fresh", "kept" */
#endif
