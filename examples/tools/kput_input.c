/* Cutting a stream of bytes into records. */
#include "kput_input.h"

#include <errno.h>
#include <sigv4/status.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 64 * 1024, MAX_RECORD = 10 * 1024 * 1024 };

void input_open(struct input *in, FILE *from, const char *name, char delimiter)
{
    *in = (struct input){.from = from, .name = name, .delimiter = delimiter};
}

void input_close(struct input *in)
{
    free(in->block);
    in->block = NULL;
}

/* Makes room behind what is there: first by moving it to the front, then by growing. */
static int make_room(struct input *in)
{
    size_t kept = in->end - in->begin;
    if (in->begin) {
        memmove(in->block, in->block + in->begin, kept);
        in->begin = 0;
        in->end = kept;
    }
    if (in->end < in->cap)
        return SIGV4_OK;
    size_t cap = in->cap ? in->cap * 2 : FIRST_BLOCK;
    if (in->cap > MAX_RECORD)
        return SIGV4_E_TOO_LARGE;
    char *grown = realloc(in->block, cap);
    if (!grown)
        return SIGV4_E_NOMEM;
    in->block = grown;
    in->cap = cap;
    return SIGV4_OK;
}

static int read_more(struct input *in)
{
    int rc = make_room(in);
    if (rc)
        return rc;
    errno = 0;
    /* What is there is taken: a slow writer's lines must not wait for a full block. */
    size_t room = in->cap - in->end, got = 0;
    int c;
    while (got < room && (c = getc_unlocked(in->from)) != EOF) {
        in->block[in->end + got++] = (char)c;
        if (c == in->delimiter)
            break;
    }
    in->end += got;
    in->over = got == 0;
    return ferror(in->from) ? SIGV4_E_IO : SIGV4_OK;
}

int input_next(struct input *in, struct sigv4_slice *record)
{
    size_t looked = 0;
    for (;;) {
        size_t there = in->end - in->begin;
        char *from = in->block ? in->block + in->begin : NULL;
        char *hit = there > looked ? memchr(from + looked, in->delimiter, there - looked) : NULL;
        if (hit || (in->over && there)) {
            *record = sigv4_bytes(from, hit ? (size_t)(hit - from) : there);
            in->begin += record->len + (hit ? 1 : 0);
            in->number++;
            return 1;
        }
        looked = there;
        int rc = in->over ? SIGV4_OK : read_more(in);
        if (rc || (in->over && in->begin == in->end))
            return rc;
    }
}
