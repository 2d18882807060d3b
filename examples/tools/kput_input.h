#ifndef TOOLS_KPUT_INPUT_H
#define TOOLS_KPUT_INPUT_H
/* Records from a stream of bytes: one per line, or per other delimiter, in bounded memory. */
#include <sigv4/types.h>

enum { RECORD_BYTES = 10 * 1024 * 1024 }; /* no stream takes larger ones */

struct input {
    int fd, stop_fd;              /* stop_fd readable: nothing more is read from fd */
    struct sigv4_slice delimiter; /* at least a byte */
    size_t most;                  /* bytes in a record; more are skipped */
    char *block;                  /* what was read and not yet handed out */
    size_t begin, end, cap;
    bool over;    /* the source has ended */
    bool stopped; /* the reader has: a record begun is none */
};

void input_open(struct input *in, int fd, int stop_fd, struct sigv4_slice delimiter);
void input_close(struct input *in); /* not the descriptor */
/* 1: *record, valid until the next call. 0: the end. Negative: SIGV4_E_IO (errno), SIGV4_E_NOMEM;
 * SIGV4_E_TOO_LARGE: a record above `most`, which was skipped: more may follow. A missing last
 * delimiter ends a record, too. */
int input_next(struct input *in, struct sigv4_slice *record);
/* All of it as one record. */
int input_whole(struct input *in, struct sigv4_slice *record);
/* Does it begin with these bytes? Nothing is taken. Negative as above. */
int input_begins(struct input *in, struct sigv4_slice bytes);
#endif
