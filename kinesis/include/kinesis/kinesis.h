#ifndef KINESIS_KINESIS_H
#define KINESIS_KINESIS_H
/* Everything of libkinesis. */
#include <kinesis/calls.h>
#include <kinesis/checkpoint.h>
#include <kinesis/consumer.h>
#include <kinesis/endpoint.h>
#include <kinesis/producer.h>
#include <sigv4/sigv4.h>

#ifdef __cplusplus
extern "C" {
#endif

/* @thread any. "0.1.0"; static text. */
SIGV4_API const char *kinesis_version(void);

#ifdef __cplusplus
}
#endif
#endif
