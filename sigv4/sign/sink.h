#ifndef SIGN_SINK_H
#define SIGN_SINK_H
/* Where canonical text goes: into a caller's text, or straight into a running hash. */
#include "base/digest.h"

struct sigv4__sink {
    struct sigv4_text *text;      /* one of these two */
    struct sigv4__digest *digest; /* begun by the caller */
    int failed;                   /* sticky */
    size_t held;
    char holding[512]; /* small pieces gather here: a hash likes few large ones */
};
void sigv4__sink_init(struct sigv4__sink *s, struct sigv4_text *text, struct sigv4__digest *digest);
void sigv4__sink_flush(struct sigv4__sink *s);
static inline void sigv4__sink_char(struct sigv4__sink *s, char c)
{
    if (s->held == sizeof s->holding)
        sigv4__sink_flush(s);
    s->holding[s->held++] = c;
}
void sigv4__sink_slice(struct sigv4__sink *s, struct sigv4_slice bytes);
int sigv4__sink_finish(struct sigv4__sink *s); /* 0, or why the digest failed */
#endif
