/* What strangers say to a diagnosis: a DNS answer, IMDS's lists, a service's refusal. The first
 * byte chooses. */
#include "diagnose/lookup.h"
#include "diagnose/route.h"
#include "diagnose/vpc.h"

#include <sigv4/diagnose.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_refusal(const uint8_t *data, size_t size)
{
    struct sigv4_error err = {.status = data[0] % 2 ? SIGV4_E_DENIED : SIGV4_E_NO_CREDENTIALS,
                              .http_status = 403};
    struct sigv4_diagnosis d = {.size = sizeof d};
    struct sigv4_refusal refusal = {.size = sizeof refusal,
                                    .error = &err,
                                    .body = sigv4_bytes(data + 1, size - 1),
                                    .service_id = "S3"};
    sigv4_diagnose_refusal(&refusal, &d);
    if (strlen(d.verdict) >= sizeof d.verdict || strlen(d.remedy) >= sizeof d.remedy)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4__lookup found = {0};
    struct sigv4__route route;
    char networks[256] = "";
    if (size < 2)
        return 0;
    switch (data[0] % 4) {
    case 0:
        if (sigv4__dns_read(data + 1, size - 1, 443, &found) && found.count > 8)
            __builtin_trap();
        break;
    case 1:
        sigv4__vpc_add(sigv4_bytes(data + 1, size - 1), networks, sizeof networks);
        (void)sigv4__vpc_contains(networks, "10.0.0.1");
        break;
    case 2:
        (void)sigv4__route_read(data + 1, size - 1, &route);
        break;
    default:
        read_refusal(data + 1, size - 1);
    }
    return 0;
}
