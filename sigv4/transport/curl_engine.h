#ifndef TRANSPORT_CURL_ENGINE_H
#define TRANSPORT_CURL_ENGINE_H
/* sigv4/engine.h by libcurl's multi interface. */
#include "transport/hooks.h"

#include <sigv4/engine.h>

/* hooks are borrowed for the engine's life. */
int sigv4__curl_engine_new(struct sigv4_engine **out, const struct sigv4__hooks *hooks,
                           const struct sigv4_loop_options *opts, struct sigv4_error *err);
#endif
