#ifndef DIAGNOSE_ADDRESS_H
#define DIAGNOSE_ADDRESS_H
/* IP addresses as a diagnosis looks at them: which class, and how they are written. Pure. */
#include <sigv4/diagnose.h>
#include <sys/socket.h>

/* IPv4 or IPv6; anything else counts as unspecified. Facts, 10.2. */
enum sigv4_address_class sigv4__address_class(const struct sockaddr *address);
/* "203.0.113.7", "2001:db8::1" without port or scope. */
void sigv4__address_text(const struct sockaddr *address, char *out, size_t cap);
/* Private or unique local: an address of some inner network. */
bool sigv4__address_is_inner(enum sigv4_address_class kind);
/* The other way round, with a port; false: not an address. */
bool sigv4__address_parse(const char *text, uint16_t port, struct sockaddr_storage *out);
socklen_t sigv4__address_length(const struct sockaddr_storage *address);
#endif
