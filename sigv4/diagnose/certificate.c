/* Certificates in words: names, issuers, times, faults. */
#include "diagnose/certificate.h"

#include "base/fail.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

/* Appends a stranger's text to a list; what does not fit is left out as a whole. */
static void append(char *list, size_t cap, const char *separator, struct sigv4_slice text)
{
    char clean[256];
    size_t used = strlen(list);
    sigv4__fixed_copy(clean, sizeof clean, text);
    if (clean[0] && used + strlen(separator) + strlen(clean) < cap)
        snprintf(list + used, cap - used, "%s%s", used ? separator : "", clean);
}

static struct sigv4_slice bytes_of(const ASN1_STRING *s)
{
    return sigv4_bytes(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* The common name, else the organisation. */
static struct sigv4_slice short_name(const X509_NAME *name)
{
    static const int wanted[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        int at = X509_NAME_get_index_by_NID(name, wanted[i], -1);
        if (at >= 0)
            return bytes_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    }
    return SIGV4_LIT("an issuer without a name");
}

static void add_name(const GENERAL_NAME *name, struct sigv4_diagnosis *d)
{
    char text[64];
    int type;
    const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);
    size_t cap = sizeof d->certificate_names;
    if (type == GEN_DNS) {
        append(d->certificate_names, cap, ", ", bytes_of(s));
    } else if (type == GEN_IPADD) {
        int family = ASN1_STRING_length(s) == 4 ? AF_INET : AF_INET6;
        bool known = ASN1_STRING_length(s) == 4 || ASN1_STRING_length(s) == 16;
        if (known && inet_ntop(family, ASN1_STRING_get0_data(s), text, sizeof text))
            append(d->certificate_names, cap, ", ", sigv4_str(text));
    }
}

static void read_names(X509 *leaf, struct sigv4_diagnosis *d)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    d->certificate_names[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_name(sk_GENERAL_NAME_value(names, i), d);
    GENERAL_NAMES_free(names);
    if (!d->certificate_names[0])
        append(d->certificate_names, sizeof d->certificate_names, "",
               short_name(X509_get_subject_name(leaf)));
}

static int64_t unix_of(const ASN1_TIME *time)
{
    struct tm tm;
    return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

static bool is_for(X509 *leaf, const char *host)
{
    return X509_check_ip_asc(leaf, host, 0) == 1 || X509_check_host(leaf, host, 0, 0, NULL) == 1;
}

void sigv4__certificate_read(X509 *leaf, struct sigv4_diagnosis *d, unsigned *faults)
{
    read_names(leaf, d);
    d->certificate_from_unix = unix_of(X509_get0_notBefore(leaf));
    d->certificate_until_unix = unix_of(X509_get0_notAfter(leaf));
    d->certificate_chain[0] = '\0';
    append(d->certificate_chain, sizeof d->certificate_chain, "",
           short_name(X509_get_subject_name(leaf)));
    if (!is_for(leaf, d->host))
        *faults |= SIGV4__CERT_NAME;
}

void sigv4__certificate_add_issuer(const X509 *link, struct sigv4_diagnosis *d)
{
    append(d->certificate_chain, sizeof d->certificate_chain, ", by ",
           short_name(X509_get_issuer_name(link)));
}

unsigned sigv4__certificate_fault(int verify_error)
{
    switch (verify_error) {
    case X509_V_OK:
        return 0;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return SIGV4__CERT_NOT_YET_VALID;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return SIGV4__CERT_EXPIRED;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return SIGV4__CERT_NAME;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA:
        return SIGV4__CERT_UNTRUSTED;
    default:
        return SIGV4__CERT_OTHER;
    }
}
