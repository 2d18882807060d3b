/* Bare libcurl. */
#include "bare.h"

#include "moment.h"

#include <curl/curl.h>
#include <stdio.h>

enum { MAX_CONNECTIONS = 16, SOCKET_BUFFER = 256 * 1024, UPLOAD_BUFFER = 512 * 1024 };

struct bare {
    CURLM *multi;
    CURL *easy[MAX_CONNECTIONS];
    int count;
    struct curl_slist *headers;
    uint64_t wanted, started, ended, received;
    double end;
};

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct bare *b = ctx;
    (void)bytes;
    b->received += size * n;
    return size * n;
}

static CURL *new_transfer(struct bare *b, const struct plan *plan, struct sigv4_slice body)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        die("libcurl has no memory");
    curl_easy_setopt(easy, CURLOPT_URL, plan->url);
    if (plan->ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, plan->ca);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, b->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SOCKET_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, b);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

static void launch(struct bare *b, CURL *easy)
{
    curl_multi_add_handle(b->multi, easy);
    b->started++;
}

static bool wants_more(const struct bare *b)
{
    return b->started < b->wanted || moment_seconds() < b->end;
}

/* How many have ended; each is started anew while there is time. */
static int land(struct bare *b)
{
    CURLMsg *message;
    int left, landed = 0;
    for (; (message = curl_multi_info_read(b->multi, &left)); landed++) {
        CURL *easy = message->easy_handle;
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (message->data.result || status != 200)
            die("bare POST: %s, HTTP %ld", curl_easy_strerror(message->data.result), status);
        b->ended++;
        curl_multi_remove_handle(b->multi, easy);
        if (wants_more(b))
            launch(b, easy);
    }
    return landed;
}

/* All connections, until `wanted` were started and `seconds` have passed. */
static void run(struct bare *b, uint64_t wanted, double seconds)
{
    int running;
    b->started = b->ended = b->received = 0;
    b->wanted = wanted;
    b->end = moment_seconds() + seconds;
    for (int i = 0; i < b->count; i++)
        launch(b, b->easy[i]);
    while (b->ended < b->started) {
        curl_multi_perform(b->multi, &running);
        if (land(b) == 0)
            curl_multi_poll(b->multi, NULL, 0, 1000, NULL);
    }
}

void bare_post(const struct plan *plan, const char *target, struct sigv4_slice body,
               struct measure *m)
{
    struct bare b = {.multi = curl_multi_init(), .count = plan->connections};
    char line[128];
    if (!b.multi || b.count < 1 || b.count > MAX_CONNECTIONS)
        die("1 to %d connections", MAX_CONNECTIONS);
    snprintf(line, sizeof line, "X-Amz-Target: Kinesis_20131202.%s", target);
    b.headers = curl_slist_append(b.headers, line);
    b.headers = curl_slist_append(b.headers, "Content-Type: application/x-amz-json-1.1");
    b.headers = curl_slist_append(b.headers, "Expect:");
    for (int i = 0; i < b.count; i++)
        b.easy[i] = new_transfer(&b, plan, body);
    run(&b, 0, 0); /* the connections are there now */
    measure_begin(m);
    run(&b, plan->records / plan->batch, plan->records ? 0 : plan->seconds);
    measure_end(m);
    m->requests = b.ended;
    m->body = b.ended * body.len + b.received;
    for (int i = 0; i < b.count; i++)
        curl_easy_cleanup(b.easy[i]);
    curl_multi_cleanup(b.multi);
    curl_slist_free_all(b.headers);
}
