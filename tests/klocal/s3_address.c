/* Bucket and key, from the host and the path of a request, and the rules for bucket names. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "percent.h"
#include "s3.h"

/* The bucket in a host name BUCKET.DOMAIN[:port], or NULL. The caller frees. */
static char *bucket_of_host(const struct options *options, const char *host)
{
    if (host == NULL || host[0] == '[')
        return NULL;
    size_t length = strcspn(host, ":");
    for (size_t i = 0; i < options->domain_count; i++) {
        size_t domain = strlen(options->domains[i]);
        if (length > domain + 1 && host[length - domain - 1] == '.' &&
            strncasecmp(host + length - domain, options->domains[i], domain) == 0) {
            char *bucket = memory_copy(host, length - domain - 1);
            for (char *p = bucket; *p != '\0'; p++)
                *p = (char)tolower((unsigned char)*p);
            return bucket;
        }
    }
    return NULL;
}

void s3_read_address(struct s3_call *call)
{
    const char *path = call->request->path;
    if (*path == '/')
        path++;
    call->bucket = bucket_of_host(&call->klocal->options, request_header(call->request, "host"));
    call->virtual_host = call->bucket != NULL;
    if (!call->virtual_host) {
        size_t length = strcspn(path, "/");
        call->bucket = percent_decode(path, length, NULL);
        path += length;
        if (*path == '/')
            path++;
    }
    call->key = percent_decode(path, strlen(path), &call->key_length);
}

const char *s3_subresource(const struct request *request)
{
    static const char *const names[] = {
        "accelerate",     "acl",          "analytics",         "attributes",
        "cors",           "delete",       "encryption",        "inventory",
        "legal-hold",     "lifecycle",    "location",          "logging",
        "metrics",        "notification", "object-lock",       "policy",
        "policyStatus",   "replication",  "publicAccessBlock", "ownershipControls",
        "requestPayment", "restore",      "retention",         "select",
        "session",        "tagging",      "torrent",           "uploadId",
        "uploads",        "versioning",   "versions",          "website",
        "versionId",      "renameObject"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (header_find_exact(&request->params, names[i]) != NULL)
            return names[i];
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static bool looks_like_ipv4(const char *name)
{
    unsigned a, b, c, d;
    char rest;
    return sscanf(name, "%3u.%3u.%3u.%3u%c", &a, &b, &c, &d, &rest) == 4;
}

bool s3_good_bucket_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    static const char *const endings[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    static const char *const beginnings[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    size_t length = strlen(name);
    if (length < 3 || length > 63 || strspn(name, letters) != length)
        return false;
    if (!isalnum((unsigned char)name[0]) || !isalnum((unsigned char)name[length - 1]))
        return false;
    if (strstr(name, "..") != NULL || looks_like_ipv4(name))
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(name, endings[i]))
            return false;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return false;
    return true;
}
