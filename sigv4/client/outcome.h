#ifndef CLIENT_OUTCOME_H
#define CLIENT_OUTCOME_H
/* What became of an exchange's last attempt, from x->http and x->answer. */
#include "client/exchange.h"

bool sigv4__is_success(int http_status);
void sigv4__outcome_log(struct sigv4__exchange *x);
/* Fills x->error; its status stays 0 when the attempt went well. */
void sigv4__outcome_explain(struct sigv4__exchange *x);
enum sigv4__retry_class sigv4__outcome_class(struct sigv4__exchange *x);
/* The service's clock against ours. True when it explains the refusal and is corrected now. */
bool sigv4__outcome_correct_clock(struct sigv4__exchange *x);
#endif
