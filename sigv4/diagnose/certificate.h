#ifndef DIAGNOSE_CERTIFICATE_H
#define DIAGNOSE_CERTIFICATE_H
/* What a certificate says, in words. */
#include "diagnose/visit.h"

#include <openssl/x509.h>

/* Fills certificate_names, _from_unix, _until_unix and begins certificate_chain; adds NAME to
 * *faults when it is not for d->host. */
void sigv4__certificate_read(X509 *leaf, struct sigv4_diagnosis *d, unsigned *faults);
/* Appends ", by ISSUER" of one link, the leaf's first. */
void sigv4__certificate_add_issuer(const X509 *link, struct sigv4_diagnosis *d);
/* What an X509_V_ERR_... means here; 0 for X509_V_OK. */
unsigned sigv4__certificate_fault(int verify_error);
#endif
