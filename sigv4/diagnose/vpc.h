#ifndef DIAGNOSE_VPC_H
#define DIAGNOSE_VPC_H
/* Which networks are this instance's VPC, by IMDS; asked on a thread while the rest is looked at.
 */
#include "config/setting.h"

struct sigv4__vpc;
/* IMDS accepts within a few milliseconds, or is not there. Where it does, it may be slow. */
enum { SIGV4__VPC_CONNECT_MS = 250, SIGV4__VPC_MS = 2000 };

/* NULL when IMDS is switched off, or it cannot be asked: nothing is known then. config must live
 * until finish. */
struct sigv4__vpc *sigv4__vpc_start(const struct sigv4__config *config);
/* Waits for the answer (at most SIGV4__VPC_MS after the start), frees. networks: "10.0.0.0/16 ...",
 * "" when not known. vpc NULL: "". */
void sigv4__vpc_finish(struct sigv4__vpc *vpc, char *networks, size_t cap);
/* Appends the lines of an answer of IMDS that look like networks. Pure. */
void sigv4__vpc_add(struct sigv4_slice lines, char *networks, size_t cap);
/* Is the address in one of them? Pure. */
bool sigv4__vpc_contains(const char *networks, const char *address);
#endif
