/* --sink: the requests that are answered without being served. */
#ifndef KLOCAL_SINK_H
#define KLOCAL_SINK_H

#include "request.h"

extern const struct service service_sink;

bool sink_takes(const struct request *request);
void sink_open(void);
void sink_close(void);

#endif
