#ifndef TRANSPORT_CURL_RESULT_H
#define TRANSPORT_CURL_RESULT_H
/* How libcurl says a transfer ended, in our words. Pure but for reading the handle. */
#include <sigv4/engine.h>

#include <curl/curl.h>

/* body_length: of the request, to know whether all of it left. text: libcurl's error buffer. */
void sigv4__curl_result(CURL *easy, CURLcode code, uint64_t body_length, const char *text,
                        struct sigv4_http_result *out);
/* The request was sent on a connection used before, which then ended without an answer. */
void sigv4__curl_result_lost(struct sigv4_http_result *out);
#endif
