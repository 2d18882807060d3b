#ifndef DIAGNOSE_REMEDY_H
#define DIAGNOSE_REMEDY_H
/* What to do about a cause: names the endpoint that would help. Pure. */
#include "diagnose/verdict.h"

/* A name that AWS gives out, of any partition. */
bool sigv4__remedy_is_aws_name(const char *host);
/* Reads d->cause and what was seen; fills d->remedy ("" when there is nothing to say). subject: the
 * address the verdict speaks of. */
void sigv4__remedy_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d,
                         size_t subject);
#endif
