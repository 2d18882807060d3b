#ifndef KINESIS_CONSUMER_FEED_H
#define KINESIS_CONSUMER_FEED_H
/* Records by enhanced fan-out: instead of reading, a shard is subscribed to, again and again. */
#include "call/subscribe.h"
#include "consumer/consumer.h"

/* Subscribes where the reader is. */
void kinesis__feed_step(struct kinesis__reader *r);
/* All of its page was delivered: on with the next event. */
void kinesis__feed_page_over(struct kinesis__reader *r);
/* The service knows the stream and the shard, but not for this consumer: is the consumer gone? */
void kinesis__feed_check(struct kinesis_consumer *c);
#endif
