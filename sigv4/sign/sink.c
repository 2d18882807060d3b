/* Where canonical text goes. */
#include "sign/sink.h"

#include "base/text.h"

void sigv4__sink_init(struct sigv4__sink *s, struct sigv4_text *text, struct sigv4__digest *digest)
{
    s->text = text;
    s->digest = digest;
    s->failed = SIGV4_OK;
    s->held = 0;
}

static void pass_on(struct sigv4__sink *s, const void *bytes, size_t n)
{
    if (s->text)
        sigv4__text_append(s->text, bytes, n);
    else if (!s->failed)
        s->failed = sigv4__digest_add(s->digest, bytes, n);
}

void sigv4__sink_flush(struct sigv4__sink *s)
{
    pass_on(s, s->holding, s->held);
    s->held = 0;
}

void sigv4__sink_slice(struct sigv4__sink *s, struct sigv4_slice bytes)
{
    if (bytes.len > sizeof s->holding - s->held)
        sigv4__sink_flush(s);
    if (bytes.len > sizeof s->holding) {
        pass_on(s, bytes.ptr, bytes.len);
    } else if (bytes.len) {
        memcpy(s->holding + s->held, bytes.ptr, bytes.len);
        s->held += bytes.len;
    }
}

int sigv4__sink_finish(struct sigv4__sink *s)
{
    sigv4__sink_flush(s);
    return s->failed;
}
