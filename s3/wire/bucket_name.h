#ifndef WIRE_BUCKET_NAME_H
#define WIRE_BUCKET_NAME_H
/* Bucket names as parts of host names. */
#include <sigv4/types.h>

/* Can the name stand before the service's host? With dots it is out of a TLS certificate's reach.
 */
bool s3__bucket_fits_host(struct sigv4_slice name, bool dots_allowed);
#endif
