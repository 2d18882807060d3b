#ifndef DIAGNOSE_ACTION_H
#define DIAGNOSE_ACTION_H
/* The IAM action behind a denial. Pure. */
#include <sigv4/status.h>

/* From "... is not authorized to perform: kinesis:PutRecord on resource ...". false: not said. */
bool sigv4__action_said(struct sigv4_slice words, char out[96]);
/* From the operation, by the service's rules. false: not known. */
bool sigv4__action_of(const char *service_id, const char *operation, char out[96]);
#endif
