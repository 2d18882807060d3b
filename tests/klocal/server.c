/* The listeners, and the life of a request: headers, body, answer. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault_apply.h"
#include "memory.h"
#include "request.h"

/* Half of it is the read buffer: a 14 MB body arrives in a few dozen pieces. */
#define CONNECTION_MEMORY ((size_t)512 << 10)
#define FILE_MAX_SIZE     (1 << 20)

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    (void)connection;
    return request_new(cls, target);
}

static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    request_free(*con_cls);
    *con_cls = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_cls,
                          enum MHD_ConnectionNotificationCode code)
{
    struct klocal *klocal = cls;
    (void)connection;
    (void)socket_cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        atomic_fetch_add(&klocal->connections, 1);
    else
        atomic_fetch_sub(&klocal->connections, 1);
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t length)
{
    struct klocal *klocal = cls;
    (void)address;
    (void)length;
    return fault_connection_allowed(klocal, atomic_load(&klocal->connections)) ? MHD_YES : MHD_NO;
}

static enum MHD_Result answer(struct request *request)
{
    char date[30];
    clock_format_http(clock_wall_ms(&request->klocal->clock), date);
    if (request->klocal->options.verbose)
        fprintf(stderr, "klocal: %s %s %s %u\n", request->service->name, request->method,
                request->target, request->response.status);
    return fault_send(request, date);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_size, void **con_cls)
{
    struct klocal *klocal = cls;
    struct request *request = *con_cls;
    (void)version;
    if (request == NULL)
        *con_cls = request = request_new(klocal, url);
    if (!request->began) {
        request->began = true;
        atomic_fetch_add(&klocal->requests, 1);
        request_open(request, connection, method);
        request->service->begin(request);
        klocal_count(klocal, request->service->name, request->subject.operation);
        if (!fault_at_headers(request))
            return MHD_NO;
        /* A client that waits for 100 hears a refusal at once; others first say all. */
        if (request->decided && request_header(request, "expect") != NULL)
            return answer(request);
        return MHD_YES;
    }
    if (*data_size > 0) {
        if (request->service->feed != NULL)
            request->service->feed(request, data, *data_size);
        else
            body_feed(&request->body, data, *data_size);
        *data_size = 0;
        return fault_at_body(request) ? MHD_YES : MHD_NO;
    }
    body_end(&request->body);
    if (!fault_at_body(request))
        return MHD_NO;
    if (!request->decided) {
        request->service->finish(request);
        fault_after(request);
    }
    return answer(request);
}

static bool parse_address(const char *host, unsigned port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        memcpy(out, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        memcpy(out, &v6, sizeof v6);
    else
        return false;
    return true;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "klocal: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    char *text = memory_take(FILE_MAX_SIZE + 1, 1);
    size_t length = fread(text, 1, FILE_MAX_SIZE, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static struct MHD_Daemon *start(struct klocal *klocal, const struct sockaddr_storage *address,
                                const char *cert, const char *key)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK |
                     (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : MHD_NO_FLAG) |
                     (cert != NULL ? MHD_USE_TLS : MHD_NO_FLAG);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
                                   {MHD_OPTION_END, 0, NULL}};
    return MHD_start_daemon(
        flags, 0, on_accept, klocal, on_request, klocal, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, 4000u,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        klocal, MHD_OPTION_NOTIFY_CONNECTION, on_connection, klocal, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_ARRAY,
        cert != NULL ? tls : tls + 2, MHD_OPTION_END);
}

static bool add(struct server *server, struct klocal *klocal, const char *host, unsigned port,
                unsigned *bound)
{
    struct sockaddr_storage address;
    if (!parse_address(host, port, &address)) {
        fprintf(stderr, "klocal: '%s' is not an IP address\n", host);
        return false;
    }
    struct MHD_Daemon *daemon = start(klocal, &address, NULL, NULL);
    if (daemon == NULL) {
        fprintf(stderr, "klocal: cannot listen on %s port %u: %s\n", host, port, strerror(errno));
        return false;
    }
    server->daemons[server->count++] = daemon;
    if (bound != NULL)
        *bound = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

static bool add_tls(struct server *server, struct klocal *klocal)
{
    const struct options *options = &klocal->options;
    struct sockaddr_storage address;
    struct MHD_Daemon *daemon = NULL;
    char *cert = read_file(options->cert_file);
    char *key = read_file(options->key_file);
    if (cert != NULL && key != NULL && parse_address(options->listen, options->tls_port, &address))
        daemon = start(klocal, &address, cert, key);
    free(cert);
    free(key);
    if (daemon == NULL) {
        fprintf(stderr, "klocal: cannot serve TLS on %s port %u\n", options->listen,
                options->tls_port);
        return false;
    }
    server->daemons[server->count++] = daemon;
    server->tls_port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

static bool add_also(struct server *server, struct klocal *klocal, const char *spec)
{
    char host[64];
    const char *colon = strrchr(spec, ':');
    if (colon == NULL || (size_t)(colon - spec) >= sizeof host) {
        fprintf(stderr, "klocal: --also-listen wants ADDR:PORT, not '%s'\n", spec);
        return false;
    }
    memcpy(host, spec, (size_t)(colon - spec));
    host[colon - spec] = '\0';
    return add(server, klocal, host, (unsigned)strtoul(colon + 1, NULL, 10), NULL);
}

bool server_start(struct server *server, struct klocal *klocal)
{
    const struct options *options = &klocal->options;
    memset(server, 0, sizeof *server);
    bool good = add(server, klocal, options->listen, options->port, &server->port);
    for (size_t i = 0; good && i < options->also_count; i++)
        good = add_also(server, klocal, options->also[i]);
    if (good && options->tls)
        good = add_tls(server, klocal);
    if (!good)
        server_stop(server);
    return good;
}

void server_stop(struct server *server)
{
    for (size_t i = 0; i < server->count; i++)
        MHD_stop_daemon(server->daemons[i]);
    server->count = 0;
}
