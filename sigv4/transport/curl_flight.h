#ifndef TRANSPORT_CURL_FLIGHT_H
#define TRANSPORT_CURL_FLIGHT_H
/* One transfer on one of libcurl's easy handles. */
#include <sigv4/engine.h>

#include <curl/curl.h>

struct curl_engine;

struct sigv4__flight {
    struct sigv4__flight *next, *prev; /* in engine->flights, or next in engine->idle */
    struct curl_engine *engine;
    struct sigv4_transfer *transfer;
    CURL *easy;
    struct curl_slist *headers;
    uint64_t offset;   /* of the request body, for read and seek */
    bool resolve_anew; /* names from the cache will not do */
    bool interim;      /* inside the head of a 1xx answer */
    bool begun;        /* libcurl was about to send the request */
    bool lost;         /* it was sent, its connection ended without an answer */
    bool read_failed, stopped, aborted, paused, resumed;
    char text[CURL_ERROR_SIZE];
};

/* Tells the easy handle everything about the request; the answer's callbacks are the engine's. */
int sigv4__flight_set_up(struct sigv4__flight *flight);
/* Trusts the certificates of this file or folder, in place of the system's. */
void sigv4__curl_set_bundle(CURL *easy, const char *path);
void sigv4__flight_free_headers(struct sigv4__flight *flight); /* wiped */
#endif
