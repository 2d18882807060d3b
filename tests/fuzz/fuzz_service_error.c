/* Failures of services: a status byte, the x-amzn-errortype header up to a newline, a body. */
#include "client/service_error.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 301, 400, 403, 404, 409, 412, 429, 500, 503, 0, 1000};
    struct sigv4_error err;
    if (size == 0)
        return 0;
    struct sigv4__error_answer in = {.http_status =
                                         statuses[data[0] % (sizeof statuses / sizeof *statuses)],
                                     .operation = "Operation",
                                     .host = "host"};
    const uint8_t *newline = memchr(data + 1, '\n', size - 1);
    const uint8_t *body = newline ? newline + 1 : data + 1;
    if (newline)
        in.error_type = sigv4_bytes(data + 1, (size_t)(newline - data) - 1);
    in.body = sigv4_bytes(body, (size_t)(data + size - body));
    sigv4__service_error(&in, &err);
    assert(err.status < 0 && err.status >= SIGV4_E_FORKED);
    assert(err.http_status == in.http_status);
    assert(memchr(err.message, '\0', sizeof err.message));
    assert(memchr(err.code, '\0', sizeof err.code));
    assert(memchr(err.request_id, '\0', sizeof err.request_id));
    assert(!strpbrk(err.message, "\r\n\x1b"));
    for (const char *p = err.code; *p; p++)
        assert(*p > ' ' && *p < 0x7F);
    (void)sigv4__is_error_xml(in.body);
    return 0;
}
