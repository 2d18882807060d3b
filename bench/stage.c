/* Loop and client. */
#include "stage.h"

#include <stdlib.h>

void stage_open(struct stage *s, const struct plan *plan)
{
    struct sigv4_loop_options loop = SIGV4_LOOP_OPTIONS;
    struct sigv4_client_options client = SIGV4_CLIENT_OPTIONS;
    struct sigv4_error err;
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_CA_BUNDLE");
    loop.alloc = measure_alloc();
    loop.max_connections_per_host = (uint32_t)plan->connections;
    client.region = "us-east-1";
    client.endpoint_url = plan->url;
    client.ca_bundle = plan->ca;
    if (sigv4_loop_new(&s->loop, &loop, &err) ||
        sigv4_client_new(&s->client, s->loop, &client, &err))
        die("%s", err.message);
}

void stage_close(struct stage *s)
{
    sigv4_client_free(s->client);
    sigv4_loop_free(s->loop);
}
