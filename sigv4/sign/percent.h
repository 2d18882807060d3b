#ifndef SIGN_PERCENT_H
#define SIGN_PERCENT_H
/* Percent-encoding as a stream of characters, so that encoded text can be compared and hashed
 * without ever being stored. */
#include <sigv4/types.h>

struct sigv4__percent {
    const char *at, *end;
    bool decode;       /* undo an encoding first: then "%7E" and "~" are the same */
    bool keep_slash;   /* '/' stays as it is */
    char pending[2];   /* digits of an escape that was begun */
    int pending_count; /* how many of them are still to come */
};
struct sigv4__percent sigv4__percent_plain(struct sigv4_slice text);
struct sigv4__percent sigv4__percent_path(struct sigv4_slice text);    /* keeps '/' */
struct sigv4__percent sigv4__percent_decoded(struct sigv4_slice text); /* parts of a wire query */
/* The next character, 0 to 255; -1 at the end. */
int sigv4__percent_next(struct sigv4__percent *p);
#endif
