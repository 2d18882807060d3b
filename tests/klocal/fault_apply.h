/* Faults applied to a request: before its body, before it is served, and to its answer. */
#ifndef KLOCAL_FAULT_APPLY_H
#define KLOCAL_FAULT_APPLY_H

#include "request.h"

/* The headers are in. false: the connection was reset. */
bool fault_at_headers(struct request *request);
/* More of the body is in. false: the connection was reset. */
bool fault_at_body(struct request *request);
/* The request may be served now. true: it must not be, the answer is there already. */
bool fault_answers(struct request *request);
/* The answer is there; it may be replaced after the fact. */
void fault_after(struct request *request);
/* Sends the answer, or what the fault makes of it. */
enum MHD_Result fault_send(struct request *request, const char *date);

/* Sends RST. */
void fault_reset(struct MHD_Connection *connection);

/* Status, code and words of an error kind for a service. */
void fault_error(const struct fault_action *action, const char *service, unsigned *status,
                 const char **code, const char **message);

#endif
