#ifndef FLOW_EXAMPLE_KEYS_H
#define FLOW_EXAMPLE_KEYS_H
/* Keys for tests in which it does not matter whose they are. */
#include <sigv4/credentials.h>
#include <stdlib.h>

/* Free it. */
static inline struct sigv4_provider *example_keys(void)
{
    struct sigv4_keys keys = {.size = sizeof keys,
                              .access_key_id = SIGV4_LIT("AKIDEXAMPLE"),
                              .secret_access_key = SIGV4_LIT("secret"),
                              .origin = SIGV4_LIT("test")};
    struct sigv4_credentials *creds = NULL;
    struct sigv4_provider *provider = NULL;
    if (sigv4_credentials_new(&creds, &keys, NULL, NULL) ||
        sigv4_provider_new_static(&provider, creds, NULL))
        abort();
    sigv4_credentials_release(creds);
    return provider;
}
#endif
