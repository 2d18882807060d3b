#ifndef KINESIS_CONSUMER_PATIENCE_H
#define KINESIS_CONSUMER_PATIENCE_H
/* Which failures pass, and how long to wait for that. */
#include <sigv4/loop.h>

bool kinesis__may_pass(const struct sigv4_error *err);
/* Before the next attempt after so many failures in a row (from 0), without the pause that every
 * two reads keep. */
int64_t kinesis__back_off_ms(const struct sigv4_loop *loop, unsigned failures);
#endif
