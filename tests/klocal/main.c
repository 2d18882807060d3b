/* klocal: a strict local endpoint for Kinesis, S3, STS, IMDS and container credentials. It shares
 * no code with the libraries it tests. */
#include <errno.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fault.h"
#include "klocal.h"
#include "s3_state.h"
#include "server.h"
#include "sink.h"
#include "stream.h"

static void open_state(struct klocal *klocal)
{
    pthread_condattr_t monotonic;
    RAND_bytes(klocal->secret, sizeof klocal->secret);
    pthread_mutex_init(&klocal->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&klocal->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* What --stream and --bucket name. */
static void furnish(struct klocal *klocal)
{
    const struct options *o = &klocal->options;
    pthread_mutex_lock(&klocal->lock);
    for (size_t i = 0; i < o->stream_count; i++)
        stream_create(klocal, o->streams[i], 1);
    for (size_t i = 0; i < o->bucket_count; i++)
        bucket_create(klocal, o->buckets[i], o->region);
    pthread_mutex_unlock(&klocal->lock);
}

static void close_state(struct klocal *klocal)
{
    klocal_reset(klocal);
    pthread_cond_destroy(&klocal->changed);
    pthread_mutex_destroy(&klocal->lock);
    blob_store_close(&klocal->blobs);
    credential_store_free(&klocal->credentials);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* The whole file appears at once, so that a waiting test never reads half of it. */
static bool write_port_file(const char *path, const struct server *server)
{
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    FILE *file = fopen(temporary, "we");
    if (file != NULL) {
        fprintf(file, "%u\n", server->port);
        if (server->tls_port != 0)
            fprintf(file, "%u\n", server->tls_port);
        if (fclose(file) == 0 && rename(temporary, path) == 0)
            return true;
    }
    fprintf(stderr, "klocal: %s: %s\n", path, strerror(errno));
    return false;
}

static void announce(const struct klocal *klocal, const struct server *server)
{
    const char *host = klocal->options.listen;
    const char *left = strchr(host, ':') != NULL ? "[" : "", *right = *left ? "]" : "";
    if (server->tls_port != 0)
        printf("klocal: listening on https://%s%s%s:%u\n", left, host, right, server->tls_port);
    printf("klocal: listening on http://%s%s%s:%u\n", left, host, right, server->port);
    fflush(stdout);
}

static void stop(struct klocal *klocal, struct server *server)
{
    pthread_mutex_lock(&klocal->lock);
    klocal->stopping = true;
    pthread_cond_broadcast(&klocal->changed);
    pthread_mutex_unlock(&klocal->lock);
    server_stop(server);
}

static int serve(struct klocal *klocal)
{
    struct server server;
    sigset_t signals;
    int number = 0, status = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the threads inherit it */
    signal(SIGPIPE, SIG_IGN);
    if (!server_start(&server, klocal))
        return 1;
    if (klocal->options.port_file != NULL && !write_port_file(klocal->options.port_file, &server))
        status = 1;
    else {
        announce(klocal, &server);
        sigwait(&signals, &number);
    }
    stop(klocal, &server);
    return status;
}

int main(int argc, char **argv)
{
    static struct klocal klocal;
    enum options_result result = options_read(&klocal.options, argc, argv, &klocal.credentials);
    if (result != OPTIONS_RUN) {
        credential_store_free(&klocal.credentials);
        return result == OPTIONS_DONE ? 0 : 2;
    }
    if (klocal.options.sink) {
        klocal.options.no_auth = true;
        sink_open();
    }
    raise_file_limit();
    if (!blob_store_open(&klocal.blobs, klocal.options.data_dir)) {
        fprintf(stderr, "klocal: cannot make a file for large bodies: %s\n", strerror(errno));
        credential_store_free(&klocal.credentials);
        return 1;
    }
    open_state(&klocal);
    furnish(&klocal);
    const char *faults = klocal.options.faults_file;
    int status = faults != NULL && !fault_load_file(&klocal, faults) ? 2 : serve(&klocal);
    close_state(&klocal);
    sink_close();
    return status;
}
