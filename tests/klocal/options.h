/* The command line of klocal. */
#ifndef KLOCAL_OPTIONS_H
#define KLOCAL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "credential.h"

#define OPTIONS_LIST_MAX 16

struct options {
    const char *listen;
    unsigned port;
    unsigned tls_port;
    bool tls;
    const char *cert_file;
    const char *key_file;
    const char *port_file;
    const char *also[OPTIONS_LIST_MAX]; /* further ADDR:PORT, plain */
    size_t also_count;
    const char *region;
    const char *account;
    const char *domains[OPTIONS_LIST_MAX]; /* virtual hosts are BUCKET.DOMAIN */
    size_t domain_count;
    const char *streams[OPTIONS_LIST_MAX]; /* there from the start, one shard each */
    size_t stream_count;
    const char *buckets[OPTIONS_LIST_MAX];
    size_t bucket_count;
    bool no_auth;
    const char *session_seed;
    int64_t credentials_lifetime_s;
    const char *container_token; /* NULL: none wanted */
    const char *role;
    const char *vpc; /* NULL: two networks, as a VPC that grew has */
    const char *subnet;
    int64_t create_ms;
    int64_t iterator_ms;
    int64_t subscription_ms;
    int64_t heartbeat_ms;
    bool shard_limits;
    uint64_t min_part_size;
    const char *data_dir;
    const char *faults_file;
    bool sink;
    bool verbose;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_USAGE };

/* Keys from the command line go to the store, or the default pair when there are none. */
enum options_result options_read(struct options *options, int argc, char **argv,
                                 struct credential_store *store);

#endif
