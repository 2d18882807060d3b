#ifndef FAKE_SCRIPT_H
#define FAKE_SCRIPT_H
/* Inside the fake engine: who answers what, and what was asked. */
#include "flow/fake_engine.h"

struct fake_line;
struct fake_asked;
struct fake_book {
    struct fake_line *lines;
    struct fake_asked *asked, *asked_last;
    size_t asked_count;
    char **kept; /* texts handed out by fake_header */
    size_t kept_count;
};

void fake__die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void *fake__must(void *p);

/* Writes the request down; *failed: its body could not be read. */
const struct fake_request *fake__note(struct fake_book *book, const struct sigv4_transfer *transfer,
                                      int64_t at_ms, bool *failed);
/* A copy of the line that serves it. */
struct fake_answer fake__choose(struct fake_book *book, const struct fake_request *request);
void fake__answer_free(struct fake_answer *answer);
void fake__book_free(struct fake_book *book);
struct fake_book *fake__book(struct fake *fake);
const struct fake_book *fake__book_of(const struct fake *fake);
#endif
