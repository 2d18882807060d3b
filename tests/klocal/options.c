/* The command line of klocal: one table for parsing and for --help. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_LISTEN = 256,
    OPT_PORT,
    OPT_TLS_PORT,
    OPT_CERT,
    OPT_KEY,
    OPT_PORT_FILE,
    OPT_ALSO,
    OPT_REGION,
    OPT_ACCOUNT,
    OPT_DOMAIN,
    OPT_ACCESS_KEY,
    OPT_SECRET,
    OPT_TOKEN,
    OPT_NO_AUTH,
    OPT_SEED,
    OPT_LIFETIME,
    OPT_CONTAINER_TOKEN,
    OPT_ROLE,
    OPT_VPC,
    OPT_SUBNET,
    OPT_STREAM,
    OPT_BUCKET,
    OPT_CREATE_MS,
    OPT_ITERATOR_MS,
    OPT_SUBSCRIPTION_MS,
    OPT_HEARTBEAT_MS,
    OPT_LIMITS,
    OPT_MIN_PART,
    OPT_DATA_DIR,
    OPT_FAULTS,
    OPT_SINK,
    OPT_VERBOSE,
    OPT_HELP
};

static const struct {
    const char *name;
    int id;
    const char *argument; /* NULL: a switch */
    const char *help;
} table[] = {
    {"listen", OPT_LISTEN, "ADDR", "address to listen on (127.0.0.1)"},
    {"port", OPT_PORT, "N", "port, 0 for a free one (0)"},
    {"tls-port", OPT_TLS_PORT, "N", "also serve TLS here, 0 for a free one; needs --cert, --key"},
    {"cert", OPT_CERT, "FILE", "certificate chain, PEM"},
    {"key", OPT_KEY, "FILE", "private key, PEM"},
    {"also-listen", OPT_ALSO, "ADDR:PORT", "a further plain listener (repeatable)"},
    {"port-file", OPT_PORT_FILE, "FILE", "write the port (second line: TLS port) when ready"},
    {"region", OPT_REGION, "R", "region served (us-east-1)"},
    {"account-id", OPT_ACCOUNT, "N", "account in ARNs (123456789012)"},
    {"domain", OPT_DOMAIN, "NAME", "virtual hosts are BUCKET.NAME (localhost; repeatable)"},
    {"access-key-id", OPT_ACCESS_KEY, "K", "accept this key (repeatable), then"},
    {"secret-access-key", OPT_SECRET, "S", "  with this secret, and perhaps"},
    {"session-token", OPT_TOKEN, "T", "  only with this session token"},
    {"no-auth", OPT_NO_AUTH, NULL, "do not verify signatures"},
    {"session-seed", OPT_SEED, "TEXT", "processes with one seed accept each other's sessions"},
    {"credentials-lifetime", OPT_LIFETIME, "S", "seconds for IMDS and container keys (3600)"},
    {"container-token", OPT_CONTAINER_TOKEN, "T", "Authorization the container endpoint wants"},
    {"role", OPT_ROLE, "NAME", "role name in IMDS (klocal-role)"},
    {"vpc-cidr", OPT_VPC, "CIDR", "the VPC's only network in IMDS (10.0.0.0/16 and 10.1.0.0/16)"},
    {"subnet-cidr", OPT_SUBNET, "CIDR", "and the instance's subnet (10.0.1.0/24)"},
    {"stream", OPT_STREAM, "NAME", "a stream of one shard, there from the start (repeatable)"},
    {"bucket", OPT_BUCKET, "NAME", "a bucket, there from the start (repeatable)"},
    {"create-ms", OPT_CREATE_MS, "MS", "streams take this long to change state (0)"},
    {"iterator-ms", OPT_ITERATOR_MS, "MS", "shard iterators expire after this (300000)"},
    {"subscription-ms", OPT_SUBSCRIPTION_MS, "MS", "SubscribeToShard ends after this (300000)"},
    {"heartbeat-ms", OPT_HEARTBEAT_MS, "MS", "and says so often that it lives (5000)"},
    {"shard-limits", OPT_LIMITS, NULL, "enforce the throughput limits of shards"},
    {"min-part-size", OPT_MIN_PART, "BYTES", "smallest multipart part but the last (5242880)"},
    {"data-dir", OPT_DATA_DIR, "DIR", "folder for large bodies ($TMPDIR or /tmp)"},
    {"faults", OPT_FAULTS, "FILE", "rules for faults, JSON"},
    {"sink", OPT_SINK, NULL, "answer as fast as possible, check nothing"},
    {"verbose", OPT_VERBOSE, NULL, "one line per request on stderr"},
    {"help", OPT_HELP, NULL, "this text"},
};

#define TABLE_COUNT (sizeof table / sizeof table[0])

static void help(void)
{
    puts("klocal: Kinesis, S3, STS, IMDS and container credentials on one local port.\n\n"
         "usage: klocal [options]\n");
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table[i].name, table[i].argument ? " " : "",
                 table[i].argument ? table[i].argument : "");
        printf("  %-28s %s\n", left, table[i].help);
    }
    puts("\nWithout --access-key-id the test key is accepted:\n"
         "  AWS_ACCESS_KEY_ID=" CREDENTIAL_DEFAULT_KEY "\n"
         "  AWS_SECRET_ACCESS_KEY=" CREDENTIAL_DEFAULT_SECRET "\n\n"
         "IMDS is at /latest/, container credentials at /v2/credentials/ROLE, the admin pages at\n"
         "/_klocal/ (state, reset, clock, faults, credentials/expire).");
}

static bool number(const char *name, const char *text, long long max, long long *value)
{
    char *end = NULL;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && *value >= 0 && *value <= max)
        return true;
    fprintf(stderr, "klocal: --%s wants a number up to %lld, not '%s'\n", name, max, text);
    return false;
}

static bool set_number(struct options *options, int id, const char *name, const char *text)
{
    bool is_port = id == OPT_PORT || id == OPT_TLS_PORT;
    long long value = 0;
    if (!number(name, text, is_port ? 65535 : 1LL << 50, &value))
        return false;
    if (id == OPT_PORT)
        options->port = (unsigned)value;
    if (id == OPT_TLS_PORT) {
        options->tls = true;
        options->tls_port = (unsigned)value;
    }
    if (id == OPT_LIFETIME)
        options->credentials_lifetime_s = value;
    if (id == OPT_CREATE_MS)
        options->create_ms = value;
    if (id == OPT_ITERATOR_MS)
        options->iterator_ms = value;
    if (id == OPT_SUBSCRIPTION_MS)
        options->subscription_ms = value;
    if (id == OPT_HEARTBEAT_MS)
        options->heartbeat_ms = value;
    if (id == OPT_MIN_PART)
        options->min_part_size = (uint64_t)value;
    return true;
}

static bool add_to_list(const char **list, size_t *count, const char *value)
{
    if (*count == OPTIONS_LIST_MAX)
        return false;
    list[(*count)++] = value;
    return true;
}

static const char **string_option(struct options *options, int id)
{
    switch (id) {
    case OPT_LISTEN:
        return &options->listen;
    case OPT_CERT:
        return &options->cert_file;
    case OPT_KEY:
        return &options->key_file;
    case OPT_PORT_FILE:
        return &options->port_file;
    case OPT_REGION:
        return &options->region;
    case OPT_ACCOUNT:
        return &options->account;
    case OPT_SEED:
        return &options->session_seed;
    case OPT_CONTAINER_TOKEN:
        return &options->container_token;
    case OPT_ROLE:
        return &options->role;
    case OPT_VPC:
        return &options->vpc;
    case OPT_SUBNET:
        return &options->subnet;
    case OPT_DATA_DIR:
        return &options->data_dir;
    case OPT_FAULTS:
        return &options->faults_file;
    default:
        return NULL;
    }
}

static bool *switch_option(struct options *options, int id)
{
    switch (id) {
    case OPT_NO_AUTH:
        return &options->no_auth;
    case OPT_LIMITS:
        return &options->shard_limits;
    case OPT_SINK:
        return &options->sink;
    case OPT_VERBOSE:
        return &options->verbose;
    default:
        return NULL;
    }
}

struct key_words {
    const char *access_key;
    const char *secret;
    const char *token;
};

static bool set(struct options *options, struct key_words *key, struct credential_store *store,
                const char *name, int id)
{
    const char **string = string_option(options, id);
    bool *flag = switch_option(options, id);
    if (flag != NULL)
        *flag = true;
    else if (string != NULL)
        *string = optarg;
    else if (id == OPT_ALSO)
        return add_to_list(options->also, &options->also_count, optarg);
    else if (id == OPT_STREAM)
        return add_to_list(options->streams, &options->stream_count, optarg);
    else if (id == OPT_BUCKET)
        return add_to_list(options->buckets, &options->bucket_count, optarg);
    else if (id == OPT_DOMAIN)
        return add_to_list(options->domains, &options->domain_count, optarg);
    else if (id == OPT_SECRET)
        key->secret = optarg;
    else if (id == OPT_TOKEN)
        key->token = optarg;
    else if (id != OPT_ACCESS_KEY)
        return set_number(options, id, name, optarg);
    else {
        if (key->access_key != NULL && key->secret != NULL)
            credential_store_add(store, key->access_key, key->secret, key->token);
        *key = (struct key_words){.access_key = optarg};
    }
    return true;
}

static bool check(struct options *options, const struct key_words *key,
                  struct credential_store *store)
{
    if ((key->access_key == NULL) != (key->secret == NULL)) {
        fputs("klocal: --access-key-id and --secret-access-key belong together\n", stderr);
        return false;
    }
    if (options->tls && (options->cert_file == NULL || options->key_file == NULL)) {
        fputs("klocal: --tls-port needs --cert and --key\n", stderr);
        return false;
    }
    if (strlen(options->account) != 12) {
        fputs("klocal: --account-id wants 12 digits\n", stderr);
        return false;
    }
    if (key->access_key != NULL)
        credential_store_add(store, key->access_key, key->secret, key->token);
    if (store->count == 0)
        credential_store_add(store, CREDENTIAL_DEFAULT_KEY, CREDENTIAL_DEFAULT_SECRET, NULL);
    if (options->domain_count == 0)
        options->domains[options->domain_count++] = "localhost";
    credential_store_seal(store, options->session_seed, options->account);
    return true;
}

enum options_result options_read(struct options *options, int argc, char **argv,
                                 struct credential_store *store)
{
    struct option long_options[TABLE_COUNT + 1] = {0};
    struct key_words key = {0};
    int index = 0;
    *options = (struct options){.listen = "127.0.0.1",
                                .region = "us-east-1",
                                .account = "123456789012",
                                .credentials_lifetime_s = 3600,
                                .role = "klocal-role",
                                .subnet = "10.0.1.0/24",
                                .iterator_ms = 300000,
                                .subscription_ms = 300000,
                                .heartbeat_ms = 5000,
                                .min_part_size = 5u << 20};
    for (size_t i = 0; i < TABLE_COUNT; i++)
        long_options[i] = (struct option){
            .name = table[i].name, .has_arg = table[i].argument != NULL, .val = table[i].id};
    for (;;) {
        int id = getopt_long(argc, argv, "", long_options, &index);
        if (id == -1)
            break;
        if (id == OPT_HELP) {
            help();
            return OPTIONS_DONE;
        }
        if (id == '?' || !set(options, &key, store, long_options[index].name, id))
            return OPTIONS_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "klocal: unexpected argument '%s'\n", argv[optind]);
        return OPTIONS_USAGE;
    }
    return check(options, &key, store) ? OPTIONS_RUN : OPTIONS_USAGE;
}
