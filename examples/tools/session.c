/* A tool's loop and client, from the options all tools share. */
#include "session.h"

#include "failure.h"

#include <signal.h>
#include <stdio.h>

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

static int open_client(struct session *s, struct sigv4_error *err)
{
    char agent[64];
    const struct session_settings *settings = s->settings;
    struct sigv4_client_options client = SIGV4_CLIENT_OPTIONS;
    snprintf(agent, sizeof agent, "%s/%s", s->tool, sigv4_version());
    client.region = settings->region;
    client.profile = settings->profile;
    client.endpoint_url = settings->endpoint_url;
    client.ca_bundle = settings->ca_bundle;
    client.connect_timeout_ms = (uint32_t)settings->connect_timeout_ms;
    client.stall_timeout_ms = (uint32_t)settings->read_timeout_ms;
    client.max_attempts = (uint32_t)settings->max_attempts;
    client.user_agent_suffix = agent;
    client.flags = (settings->no_verify_ssl ? SIGV4_NO_VERIFY_SSL : 0) |
                   (settings->no_sign_request ? SIGV4_ANONYMOUS : 0);
    return sigv4_client_new(&s->client, s->loop, &client, err);
}

int session_open(struct session *s, const char *tool, const struct session_settings *settings)
{
    struct sigv4_error err;
    struct sigv4_log log = log_of(tool, settings);
    struct sigv4_loop_options loop = SIGV4_LOOP_OPTIONS;
    loop.log = &log;
    loop.max_connections = loop.max_connections_per_host = settings->connections;
    signal(SIGPIPE, SIG_IGN);
    *s = (struct session){.tool = tool, .settings = settings};
    int rc = sigv4_loop_new(&s->loop, &loop, &err);
    if (!rc)
        rc = open_client(s, &err);
    if (!rc)
        return 0;
    session_close(s);
    return failure_say(tool, &err);
}

void session_close(struct session *s)
{
    sigv4_client_free(s->client);
    sigv4_loop_free(s->loop);
    s->client = NULL;
    s->loop = NULL;
}
