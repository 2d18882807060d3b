#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H
/* A network made of a script, in virtual time: give its engine, clock and random numbers to a loop,
 * say who answers what, run the loop, and look at what was asked.
 *
 *     struct fake *fake = fake_new();
 *     struct sigv4_loop *loop = fake_loop(fake, NULL);
 *     fake_script(fake, (struct fake_answer){.url = "http://h/a", .body = "x"});
 *     fake_script(fake, (struct fake_answer){.url = "http://h/b*", .outcome = FAKE_REFUSED});
 *     ... start something ...
 *     assert_true(fake_run_until(fake, loop, is_done, &it));
 *     assert_string_equal(fake_request(fake, 0)->method, "GET");
 *     sigv4_loop_free(loop);
 *     fake_free(fake);
 *
 * Time stands still until the loop waits; then it jumps to the next thing that happens: an answer,
 * a time-out, or the loop's next timer. An hour of back-off costs nothing. When nothing will ever
 * happen any more and the loop would wait for ever, the program ends with a message, or, after
 * fake_allow_threads, another thread is waited for. A request that no line of the script matches is
 * refused, with a note on stderr. One thread, except wake.
 *
 * Memory that ran out here ends the program: failing allocations are for the code under test, which
 * gets its own allocator through fake_loop. */
#include <sigv4/engine.h>

enum fake_outcome {
    FAKE_ANSWER,  /* status, headers, body */
    FAKE_REFUSED, /* NETWORK at once (delay_ms): nothing listens */
    FAKE_FILTER,  /* no address answers: NETWORK, connect_timed_out, after connect_timeout_ms */
    FAKE_SILENT,  /* connected and sent, no answer: TIMEOUT after stall_timeout_ms or timeout_ms */
    FAKE_RESET,   /* sent, then the connection is gone: NETWORK with request_sent */
    FAKE_CUT,     /* headers and the first half of the body, then as FAKE_RESET */
    FAKE_NO_NAME, /* NETWORK at once: the name does not resolve */
    FAKE_BAD_TLS  /* TLS at once: the certificate is not trusted */
};

/* What was asked; valid until fake_free. */
struct fake_request {
    const char *method, *url;
    const char *headers; /* "name: value\n" for each, as given */
    const char *body;    /* with a NUL behind it */
    size_t body_len;
    int64_t at_ms; /* of the monotonic clock */
    uint32_t connect_timeout_ms, timeout_ms;
    const char *proxy;     /* NULL: by the environment */
    const char *ca_bundle; /* NULL: the system's */
    uint32_t flags;        /* SIGV4_HTTP_... */
};

/* A line of the script. The first that matches and is not used up serves. Texts are copied. */
struct fake_answer {
    const char *method; /* NULL: any */
    const char *url;    /* the whole of it; with a '*' at the end: its start. NULL: any */
    unsigned times;     /* how many requests it serves; 0: any number */
    int delay_ms;       /* until the first byte of the answer (or until the outcome) */
    enum fake_outcome outcome;
    int status;          /* HTTP; 0: 200 */
    const char *headers; /* "name: value\n" for each; nothing is added */
    const char *body;    /* NULL: none */
    size_t body_len;     /* 0: strlen(body) */
    size_t chunk;        /* hand out at most so many bytes at once; 0: all */
    /* Decides when the request starts: may change anything in *answer, a copy of this line with
     * body_len 0. What it points to is copied when this returns. */
    void (*decide)(void *ctx, const struct fake_request *request, struct fake_answer *answer);
    void *ctx;
};

struct fake;
struct fake *fake_new(void);
void fake_free(struct fake *fake); /* after its loop; a transfer that never finished is a failure */
/* A loop on this engine, clock and random numbers. alloc may be NULL. NULL: no memory. */
struct sigv4_loop *fake_loop(struct fake *fake, const struct sigv4_alloc *alloc);
/* The same by parts. The loop takes the engine over in name only: fake_free is still yours. */
struct sigv4_engine *fake_engine(struct fake *fake);
const struct sigv4_clock *fake_clock(struct fake *fake);   /* wall: 2026-01-01T00:00:00Z at 0 */
const struct sigv4_random *fake_random(struct fake *fake); /* the same numbers in each run */

void fake_script(struct fake *fake, struct fake_answer answer);
void fake_forget_script(struct fake *fake);

/* The loop may have its own thread; then others may post to it, wake it and ask for the time. */
void fake_allow_threads(struct fake *fake);

int64_t fake_now_ms(const struct fake *fake);          /* monotonic: since fake_new */
int64_t fake_wall_ms(const struct fake *fake);         /* what the loop takes for the time of day */
void fake_set_wall_ms(struct fake *fake, int64_t now); /* from now on */
void fake_pass_ms(struct fake *fake, int64_t ms);      /* time passes without the loop */

/* What was asked so far, in the order of starting. NULL: not that many. */
size_t fake_request_count(const struct fake *fake);
const struct fake_request *fake_request(const struct fake *fake, size_t i);
size_t fake_request_count_of(const struct fake *fake, const char *url); /* '*' as above */
/* The value of a header (any case), in a block of the fake's; NULL: absent. */
const char *fake_header(struct fake *fake, const struct fake_request *request, const char *name);
size_t fake_in_flight(const struct fake *fake);
size_t fake_max_in_flight(const struct fake *fake); /* the most at the same time */

/* Runs the loop until done(ctx), at most for an hour of virtual time; false: it never was. */
bool fake_run_until(struct fake *fake, struct sigv4_loop *loop, bool (*done)(void *ctx), void *ctx);
/* Runs the loop for so long, whatever happens. */
void fake_run_ms(struct fake *fake, struct sigv4_loop *loop, int64_t ms);
#endif
