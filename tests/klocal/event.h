/* Messages of application/vnd.amazon.eventstream. */
#ifndef KLOCAL_EVENT_H
#define KLOCAL_EVENT_H

#include "text.h"

/* :message-type "event" or "exception", and the type behind it. */
void event_put(struct text *out, const char *message_type, const char *type, const char *payload,
               size_t length);

#endif
