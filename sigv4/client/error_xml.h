#ifndef CLIENT_ERROR_XML_H
#define CLIENT_ERROR_XML_H
/* Failures in XML: <Error><Code/><Message/></Error>, alone (S3) or in <ErrorResponse> (STS).
 * Without document types, hence without entities; depth and size are bounded. */
#include "client/error_body.h"

/* What was read before the text broke off or broke the rules is kept. False: nothing. */
bool sigv4__error_xml_read(struct sigv4_slice body, struct sigv4__error_body *out);
/* Copies the name of the root element, without prefix; false when there is none. */
bool sigv4__error_xml_root(struct sigv4_slice body, char *name, size_t cap);
#endif
