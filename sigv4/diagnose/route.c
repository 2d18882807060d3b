/* RTM_GETROUTE, asked and read. */
#include "diagnose/route.h"

#include "diagnose/address.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* Attributes of a message lie on multiples of four. */
static size_t aligned(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static void read_address(const unsigned char *bytes, size_t len, char out[64])
{
    int family = len == 4 ? AF_INET : AF_INET6;
    if ((len != 4 && len != 16) || !inet_ntop(family, bytes, out, 64))
        out[0] = '\0';
}

static void take(const struct rtattr *head, const unsigned char *value, struct sigv4__route *out)
{
    size_t len = head->rta_len - sizeof *head;
    int index;
    if (head->rta_type == RTA_OIF && len == sizeof index) {
        memcpy(&index, value, sizeof index);
        out->interface = (unsigned)index;
    } else if (head->rta_type == RTA_GATEWAY) {
        read_address(value, len, out->gateway);
    } else if (head->rta_type == RTA_PREFSRC) {
        read_address(value, len, out->source);
    }
}

bool sigv4__route_read(const void *bytes, size_t len, struct sigv4__route *out)
{
    const unsigned char *p = bytes;
    struct nlmsghdr head;
    struct rtattr attribute;
    memset(out, 0, sizeof *out);
    if (len < sizeof head)
        return false;
    memcpy(&head, p, sizeof head);
    if (head.nlmsg_type != RTM_NEWROUTE || head.nlmsg_len > len)
        return false;
    size_t end = head.nlmsg_len, at = sizeof head + sizeof(struct rtmsg);
    while (at <= end && end - at >= sizeof attribute) {
        memcpy(&attribute, p + at, sizeof attribute);
        if (attribute.rta_len < sizeof attribute || attribute.rta_len > end - at)
            return false;
        take(&attribute, p + at + sizeof attribute, out);
        at += aligned(attribute.rta_len);
    }
    return out->interface != 0;
}

struct question {
    struct nlmsghdr head;
    struct rtmsg route;
    struct rtattr to;
    unsigned char address[16];
};

static size_t write_question(const struct sockaddr_storage *to, struct question *q)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    bool is_v4 = to->ss_family == AF_INET;
    size_t n = is_v4 ? 4 : 16;
    memset(q, 0, sizeof *q);
    memcpy(&v4, to, sizeof v4);
    memcpy(&v6, to, sizeof v6);
    memcpy(q->address, is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr, n);
    q->to.rta_type = RTA_DST;
    q->to.rta_len = (unsigned short)(sizeof q->to + n);
    q->route.rtm_family = (unsigned char)to->ss_family;
    q->route.rtm_dst_len = (unsigned char)(n * 8);
    q->head.nlmsg_type = RTM_GETROUTE;
    q->head.nlmsg_flags = NLM_F_REQUEST;
    q->head.nlmsg_len = (unsigned)(offsetof(struct question, address) + n);
    return q->head.nlmsg_len;
}

bool sigv4__route_ask(const struct sockaddr_storage *to, struct sigv4__route *out)
{
    struct question q;
    unsigned char answer[4096];
    struct timeval patience = {.tv_usec = 100000};
    size_t n = write_question(to, &q);
    ssize_t got = -1;
    memset(out, 0, sizeof *out);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return false;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (send(fd, &q, n, 0) == (ssize_t)n)
        got = recv(fd, answer, sizeof answer, 0);
    close(fd);
    return got > 0 && sigv4__route_read(answer, (size_t)got, out);
}
