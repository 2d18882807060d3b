/* Endpoint URLs: what is accepted must come out the same again as an override. */
#include <sigv4/endpoint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    struct sigv4_url url, again;
    struct sigv4_error err;
    struct sigv4_target target = {.size = sizeof target};
    struct sigv4_place place = {.size = sizeof place, .region = "us-east-1", .endpoint_url = text};
    if (sigv4_url_parse(sigv4_bytes(data, size), &url, &err) || size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (strlen(text) != size || sigv4_regional_resolve("x", "x", 0, &place, &target, &err) ||
        sigv4_url_parse(sigv4_str(target.url), &again, &err) || again.port != url.port ||
        again.host.len != url.host.len || again.path.len != url.path.len)
        __builtin_trap();
    return 0;
}
