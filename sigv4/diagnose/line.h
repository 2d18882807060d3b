#ifndef DIAGNOSE_LINE_H
#define DIAGNOSE_LINE_H
/* Sentences for people into a diagnosis's fixed arrays: cut to fit, kept on one line. */
#include <sigv4/diagnose.h>

void sigv4__line_write(char *out, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define SIGV4__SAY(d, ...)    sigv4__line_write((d)->verdict, sizeof(d)->verdict, __VA_ARGS__)
#define SIGV4__GUESS(d, ...)  sigv4__line_write((d)->likely, sizeof(d)->likely, __VA_ARGS__)
#define SIGV4__ADVISE(d, ...) sigv4__line_write((d)->remedy, sizeof(d)->remedy, __VA_ARGS__)
/* "2026-11-22 20:31 UTC". */
const char *sigv4__line_time(int64_t unix_seconds, char out[32]);
/* "61 min", "3 days". */
const char *sigv4__line_span(int64_t ms, char out[32]);
#endif
