/* IP addresses as a diagnosis looks at them. */
#include "diagnose/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static bool within(uint32_t address, uint32_t network, unsigned bits)
{
    return (address ^ network) >> (32 - bits) == 0;
}

static enum sigv4_address_class class_of_v4(uint32_t a)
{
    if (within(a, 0x7F000000, 8))
        return SIGV4_ADDRESS_LOOPBACK;
    if (within(a, 0x00000000, 8))
        return SIGV4_ADDRESS_UNSPECIFIED;
    if (within(a, 0xA9FE0000, 16))
        return SIGV4_ADDRESS_LINK_LOCAL;
    bool is_private = within(a, 0x0A000000, 8) || within(a, 0xAC100000, 12) ||
                      within(a, 0xC0A80000, 16) || within(a, 0x64400000, 10);
    return is_private ? SIGV4_ADDRESS_PRIVATE : SIGV4_ADDRESS_GLOBAL;
}

static enum sigv4_address_class class_of_v6(const struct in6_addr *a)
{
    if (IN6_IS_ADDR_V4MAPPED(a)) {
        uint32_t v4;
        memcpy(&v4, a->s6_addr + 12, sizeof v4);
        return class_of_v4(ntohl(v4));
    }
    if (IN6_IS_ADDR_LOOPBACK(a))
        return SIGV4_ADDRESS_LOOPBACK;
    if (IN6_IS_ADDR_UNSPECIFIED(a))
        return SIGV4_ADDRESS_UNSPECIFIED;
    if (IN6_IS_ADDR_LINKLOCAL(a))
        return SIGV4_ADDRESS_LINK_LOCAL;
    return (a->s6_addr[0] & 0xFE) == 0xFC ? SIGV4_ADDRESS_UNIQUE_LOCAL : SIGV4_ADDRESS_GLOBAL;
}

enum sigv4_address_class sigv4__address_class(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return class_of_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return class_of_v6(&v6.sin6_addr);
    }
    return SIGV4_ADDRESS_UNSPECIFIED;
}

void sigv4__address_text(const struct sockaddr *address, char *out, size_t cap)
{
    struct sockaddr_in6 v6 = {0};
    struct sockaddr_in v4 = {0};
    const void *bytes = NULL;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        bytes = &v4.sin_addr;
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        bytes = &v6.sin6_addr;
    }
    if (!bytes || !inet_ntop(address->sa_family, bytes, out, (socklen_t)cap))
        out[0] = '\0';
}

const char *sigv4_address_class_name(enum sigv4_address_class kind)
{
    switch (kind) {
    case SIGV4_ADDRESS_GLOBAL:
        return "public";
    case SIGV4_ADDRESS_PRIVATE:
        return "private";
    case SIGV4_ADDRESS_LOOPBACK:
        return "loopback";
    case SIGV4_ADDRESS_LINK_LOCAL:
        return "link-local";
    case SIGV4_ADDRESS_UNSPECIFIED:
        return "unspecified";
    case SIGV4_ADDRESS_UNIQUE_LOCAL:
        return "unique local";
    }
    return "unknown";
}

bool sigv4__address_is_inner(enum sigv4_address_class kind)
{
    return kind == SIGV4_ADDRESS_PRIVATE || kind == SIGV4_ADDRESS_UNIQUE_LOCAL;
}

bool sigv4__address_parse(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        memcpy(out, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        memcpy(out, &v6, sizeof v6);
    return out->ss_family != 0;
}

socklen_t sigv4__address_length(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}
