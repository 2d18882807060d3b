#ifndef TRANSPORT_CALL_H
#define TRANSPORT_CALL_H
/* For the makers of calls inside this library. */
#include <sigv4/loop.h>

/* The ctx the call was made with when its cancel function is this one, else NULL. */
void *sigv4__call_ctx(struct sigv4_call *call, void (*cancel)(void *ctx));
#endif
