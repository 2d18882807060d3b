/* A tool's loop and client, from the options all tools share. */
#include "session.h"

#include "failure.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#define HERE(member) offsetof(struct session_settings, member)

const struct option_row session_rows[SESSION_ROW_COUNT] = {
    {0, "region", "REGION", OPTION_TEXT, HERE(region),
     "AWS region; else AWS_REGION, AWS_DEFAULT_REGION, the profile, the instance", 0, 0},
    {0, "profile", "NAME", OPTION_TEXT, HERE(profile),
     "profile of ~/.aws/config and ~/.aws/credentials; else AWS_PROFILE", 0, 0},
    {0, "endpoint-url", "URL", OPTION_TEXT, HERE(endpoint_url),
     "where to send requests instead of the region's endpoint: a VPC endpoint's name, a local "
     "service",
     0, 0},
    {0, "ca-bundle", "FILE", OPTION_TEXT, HERE(ca_bundle),
     "certificates to trust instead of the system's", 0, 0},
    {0, "no-verify-ssl", NULL, OPTION_SWITCH, HERE(no_verify_ssl),
     "accept any certificate; for local services only", 0, 0},
    {0, "no-sign-request", NULL, OPTION_SWITCH, HERE(no_sign_request),
     "send requests without credentials", 0, 0},
    {0, "mfa-code", "DIGITS", OPTION_TEXT, HERE(mfa_code),
     "of the device a profile's role wants one of (mfa_serial); good for one assumption of it", 0,
     0},
    {0, "connect-timeout", "SECONDS", OPTION_SECONDS, HERE(connect_timeout_ms),
     "for all addresses of a name together (3)", 1, 3600000},
    {0, "read-timeout", "SECONDS", OPTION_SECONDS, HERE(read_timeout_ms),
     "give an attempt up when no byte moved for so long (20)", 1, 3600000},
    {0, "timeout", "SECONDS", OPTION_SECONDS, HERE(timeout_ms),
     "for one request with all its attempts (no limit)", 1, INT32_MAX},
    {0, "max-attempts", "N", OPTION_NUMBER, HERE(max_attempts),
     "how often a request is tried (AWS_MAX_ATTEMPTS, else 3)", 1, 1000},
    {'X', "set", "NAME=VALUE", OPTION_TUNABLE, HERE(tunables),
     "set one of the library's own settings", 0, 0},
    {'v', "verbose", NULL, OPTION_COUNTED, HERE(verbose),
     "say what is chosen and repeated; twice: every request", 0, 0},
    {'q', "quiet", NULL, OPTION_SWITCH, HERE(quiet), "no progress and no notices", 0, 0},
};

static void write_log(void *ctx, enum sigv4_level level, const char *area, const char *text)
{
    (void)level;
    fprintf(stderr, "%s: %s: %s\n", (const char *)ctx, area, text);
}

static struct sigv4_log log_of(const char *tool, const struct session_settings *settings)
{
    struct sigv4_log log = {(void *)(uintptr_t)tool, SIGV4_WARN, write_log};
    if (settings->verbose)
        log.level = settings->verbose > 1 ? SIGV4_DEBUG : SIGV4_INFO;
    else if (settings->quiet)
        log.level = SIGV4_ERROR;
    return log;
}

/* Keys are in this memory, so it must not end in a core file. A limit of 1 byte stops the kernel
 * also where it would hand the core to a program, which a limit of 0 does not (core(5)). Debuggers
 * are not kept out. */
static void forbid_core(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_max < 1)
        return;
    limit.rlim_cur = 1;
    setrlimit(RLIMIT_CORE, &limit);
}

/* The code is taken out of the arguments, which everybody can read in ps. */
static void take_mfa_code(struct session *s)
{
    char *given = (char *)(uintptr_t)s->settings->mfa_code;
    if (!given)
        return;
    snprintf(s->mfa_code, sizeof s->mfa_code, "%s", given);
    memset(given, 'x', strlen(given));
}

static int give_mfa_code(void *ctx, const char *serial, char code[16])
{
    struct session *s = ctx;
    (void)serial;
    memcpy(code, s->mfa_code, sizeof s->mfa_code);
    memset(s->mfa_code, 0, sizeof s->mfa_code);
    return code[0] ? 0 : -1;
}

struct sigv4_client_options session_client_options(const struct session *s)
{
    const struct session_settings *settings = s->settings;
    struct sigv4_client_options client = SIGV4_CLIENT_OPTIONS;
    client.region = settings->region;
    client.profile = settings->profile;
    client.ca_bundle = settings->ca_bundle;
    client.connect_timeout_ms = (uint32_t)settings->connect_timeout_ms;
    client.stall_timeout_ms = (uint32_t)settings->read_timeout_ms;
    client.max_attempts = (uint32_t)settings->max_attempts;
    client.user_agent_suffix = s->agent;
    client.flags = (settings->no_verify_ssl ? SIGV4_NO_VERIFY_SSL : 0) |
                   (settings->no_sign_request ? SIGV4_ANONYMOUS : 0);
    return client;
}

static int open_client(struct session *s, struct sigv4_error *err)
{
    struct sigv4_client_options client = session_client_options(s);
    client.endpoint_url = s->settings->endpoint_url;
    client.mfa = s->settings->mfa_code ? give_mfa_code : NULL;
    client.mfa_ctx = s;
    return sigv4_client_new(&s->client, s->loop, &client, err);
}

int session_open(struct session *s, const char *tool, const struct session_settings *settings)
{
    struct sigv4_error err;
    struct sigv4_log log = log_of(tool, settings);
    struct sigv4_loop_options loop = SIGV4_LOOP_OPTIONS;
    loop.log = &log;
    loop.max_connections = loop.max_connections_per_host = settings->connections;
    *s = (struct session){.tool = tool, .settings = settings};
    snprintf(s->agent, sizeof s->agent, "%s/%s", tool, sigv4_version());
    signal(SIGPIPE, SIG_IGN);
    forbid_core();
    take_mfa_code(s);
    int rc = sigv4_loop_new(&s->loop, &loop, &err);
    if (!rc)
        rc = open_client(s, &err);
    if (!rc)
        return 0;
    session_close(s);
    failure_say(tool, &err);
    /* A file that was named and cannot be read is a mistake of the command. */
    return err.status == SIGV4_E_IO ? EXIT_USAGE : failure_code(err.status);
}

void session_close(struct session *s)
{
    sigv4_client_free(s->client);
    sigv4_loop_free(s->loop);
    s->client = NULL;
    s->loop = NULL;
}
