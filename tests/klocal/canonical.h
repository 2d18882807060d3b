/* The canonical request of Signature Version 4, made from what arrived on the wire. Written for
 * klocal alone, so that it can contradict the libraries it tests. */
#ifndef KLOCAL_CANONICAL_H
#define KLOCAL_CANONICAL_H

#include <stdbool.h>

#include "header.h"
#include "text.h"

enum canonical_path_rule {
    CANONICAL_PATH_NORMALIZED, /* dot segments removed, the wire path encoded once more */
    CANONICAL_PATH_AS_SENT,    /* encoded once more, not normalised */
    CANONICAL_PATH_S3          /* decoded and encoded: single encoding, not normalised */
};

struct canonical_input {
    const char *method;
    const char *path;  /* as on the wire */
    const char *query; /* as on the wire, NULL or "" for none */
    const struct header_list *headers;
    const char *signed_headers; /* "a;b;c" */
    const char *payload_hash;
    enum canonical_path_rule path_rule;
};

void canonical_path(struct text *out, const char *path, enum canonical_path_rule rule);
/* Leaves X-Amz-Signature out. */
void canonical_query(struct text *out, const char *query);
void canonical_headers(struct text *out, const struct header_list *headers, const char *names);
void canonical_request(struct text *out, const struct canonical_input *input);

/* Splits a query as it came into decoded names and values. */
void canonical_split_query(const char *query, struct header_list *params);

#endif
