#ifndef TOOLS_KPUT_INPUT_H
#define TOOLS_KPUT_INPUT_H
/* Records from a stream of bytes: one per line, or per other delimiter, in bounded memory. */
#include <sigv4/types.h>
#include <stdio.h>

struct input {
    FILE *from;
    const char *name; /* for messages */
    char delimiter;
    char *block; /* what was read and not yet handed out */
    size_t begin, end, cap;
    bool over;       /* the source has ended */
    uint64_t number; /* of the record handed out last, from 1 */
};

void input_open(struct input *in, FILE *from, const char *name, char delimiter);
void input_close(struct input *in);
/* 1: *record, valid until the next call. 0: the end. Negative: SIGV4_E_IO (errno), SIGV4_E_NOMEM,
 * SIGV4_E_TOO_LARGE (a record above 10 MiB). A missing last delimiter ends a record, too. */
int input_next(struct input *in, struct sigv4_slice *record);
#endif
