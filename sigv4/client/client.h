#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H
/* The client as its exchanges see it. All members but the first group are the loop's. */
#include "client/pace.h"
#include "client/retry.h"
#include "config/setting.h"
#include "credentials/way.h"

#include <sigv4/client.h>
#include <stdatomic.h>

struct sigv4__exchange;

struct sigv4_client {
    struct sigv4_loop *loop;
    atomic_uint holders; /* the owner, each exchange, a region look-up under way */
    atomic_bool closing;
    struct sigv4__config *config;
    char *endpoint_option, *user_agent, *ca_bundle;
    struct sigv4_provider *provider;
    struct sigv4__way *way; /* for the default chain; NULL: its keys come from elsewhere */
    bool owns_provider;
    uint32_t flags;
    struct sigv4_http_options http;
    struct sigv4__retry_policy policy;
    struct sigv4_job close_job;

    char region[64]; /* "" until known */
    char region_origin[192];
    char keys_origin[192]; /* of the keys last signed with */
    bool region_asked;     /* IMDS is being asked */
    struct sigv4__exchange *exchanges;
    struct sigv4__quota quota;
    struct sigv4__pace pace; /* used when adaptive */
    bool adaptive;
    struct sigv4_key_cache *keys;
    int64_t skew_ms;     /* what to add to the local clock */
    uint64_t reached[8]; /* hosts that ever answered, as hashes; a ring */
    unsigned reached_next;
    uint64_t announced[8]; /* places the log has named, as hashes; a ring */
    unsigned announced_next;
};

void sigv4__client_hold(struct sigv4_client *client);
void sigv4__client_unhold(struct sigv4_client *client);

/* Is the region known? If not, IMDS is asked and every waiting exchange is told by
 * sigv4__exchange_region. */
bool sigv4__client_has_region(struct sigv4_client *client);
int sigv4__client_place(struct sigv4_client *client, const char *service_id,
                        struct sigv4_place *out, struct sigv4__setting *endpoint,
                        struct sigv4_error *err);

bool sigv4__client_reached(const struct sigv4_client *client, struct sigv4_slice host);
void sigv4__client_set_reached(struct sigv4_client *client, struct sigv4_slice host);
/* Says once in the log where a service's requests go, and why there. */
void sigv4__client_announce(struct sigv4_client *client, const char *service_id,
                            const struct sigv4_target *target,
                            const struct sigv4__setting *endpoint);
int64_t sigv4__client_unix_ms(const struct sigv4_client *client); /* corrected by the skew */
#endif
