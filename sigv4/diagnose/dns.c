/* The addresses in a DNS answer (RFC 1035, 4.1). */
#include "diagnose/lookup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { HEAD = 12, QUESTION_REST = 4, RECORD_REST = 10, TYPE_A = 1, CLASS_IN = 1 };

struct reader {
    const unsigned char *p;
    size_t len, at;
    bool failed;
};

static const unsigned char *take(struct reader *r, size_t n)
{
    if (r->failed || n > r->len - r->at) {
        r->failed = true;
        return NULL;
    }
    r->at += n;
    return r->p + r->at - n;
}

static unsigned number(const unsigned char *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Labels, or a pointer, which ends a name. */
static void skip_name(struct reader *r)
{
    const unsigned char *n;
    while ((n = take(r, 1)) && *n) {
        bool pointer = *n >= 0xC0;
        (void)take(r, pointer ? 1 : *n);
        if (pointer)
            return;
    }
}

static void add(struct sigv4__lookup *out, const unsigned char *address, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&v4.sin_addr, address, sizeof v4.sin_addr);
    if (out->count < sizeof out->addresses / sizeof *out->addresses)
        memcpy(&out->addresses[out->count++], &v4, sizeof v4);
}

static void read_record(struct reader *r, uint16_t port, struct sigv4__lookup *out)
{
    skip_name(r);
    const unsigned char *rest = take(r, RECORD_REST);
    if (!rest)
        return;
    size_t n = number(rest + 8);
    const unsigned char *value = take(r, n);
    if (value && number(rest) == TYPE_A && number(rest + 2) == CLASS_IN && n == 4)
        add(out, value, port);
}

bool sigv4__dns_read(const void *bytes, size_t len, uint16_t port, struct sigv4__lookup *out)
{
    struct reader r = {bytes, len, 0, false};
    const unsigned char *head = take(&r, HEAD);
    if (!head)
        return false;
    for (unsigned i = number(head + 4); i > 0 && !r.failed; i--) {
        skip_name(&r);
        (void)take(&r, QUESTION_REST);
    }
    for (unsigned i = number(head + 6); i > 0 && !r.failed; i--)
        read_record(&r, port, out);
    return !r.failed;
}
