/* NO_PROXY lists against a few hosts; a list with "*" in it covers all of them. */
#include "config/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const urls[] = {"https://kinesis.us-east-1.amazonaws.com",
                                       "http://10.1.2.3:4567", "http://[fd00:ec2::254]",
                                       "http://h"};
    struct sigv4_url url;
    struct sigv4_error err;
    char list[512], shown[64];
    if (size >= sizeof list - 2)
        return 0;
    memcpy(list, data, size);
    memcpy(list + size, ",*", 3);
    sigv4__proxy_shown(list, shown, sizeof shown);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        if (sigv4_url_parse(sigv4_str(urls[i]), &url, &err))
            __builtin_trap();
        sigv4__no_proxy_covers(sigv4_bytes(data, size), &url);
        if (!sigv4__no_proxy_covers(sigv4_bytes(list, size + 2), &url))
            __builtin_trap();
    }
    return 0;
}
