#ifndef DIAGNOSE_VERDICT_H
#define DIAGNOSE_VERDICT_H
/* From what was seen to a cause, one line that says it, one of what is likely, one of advice. Pure.
 */
#include "diagnose/probe.h"
#include "diagnose/proxy_place.h"
#include "diagnose/visit.h"

struct sigv4__findings {
    const char *service_id, *region; /* "" when not known */
    struct sigv4__proxy_place proxy;
    int name_error; /* EAI_... */
    int name_errno;
    bool name_timed_out;
    struct sigv4__attempt attempts[SIGV4_DIAGNOSIS_ADDRESSES]; /* as many as addresses */
    bool visited;                                              /* visit says what became of it */
    struct sigv4__visit visit;
    bool any_certificate;   /* faults of the certificate do not matter */
    bool server_says_inner; /* d->name_server_says is a private address, those used are not */
};
/* Reads all of d that was seen; fills cause, verdict, likely, remedy. */
void sigv4__verdict_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d);
#endif
