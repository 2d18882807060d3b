#ifndef DIAGNOSE_VERDICT_H
#define DIAGNOSE_VERDICT_H
/* From what was seen to a cause, one line that says it, and one line of advice. Pure. */
#include "diagnose/probe.h"
#include "diagnose/proxy_place.h"

struct sigv4__findings {
    const char *service_id, *region; /* "" when not known */
    struct sigv4__proxy_place proxy;
    int name_error; /* EAI_... */
    int name_errno;
    bool name_timed_out;
    struct sigv4__attempt attempts[SIGV4_DIAGNOSIS_ADDRESSES]; /* as many as addresses */
    bool handshake_tried;
    enum sigv4__handshake handshake;
    char handshake_text[128];
};
/* Reads host, port, addresses and name_ms of d; fills cause, verdict, remedy. */
void sigv4__verdict_write(const struct sigv4__findings *f, struct sigv4_diagnosis *d);
#endif
