/* PutRecords, again for what failed. */
#include "kput_batch.h"

#include "failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 5000, OWN_KEY = 16 };

/* One request's answer, kept past its callback. */
struct attempt {
    struct batch *batch;
    size_t kept; /* entries that failed and may go again, moved to the front */
    struct sigv4_error error;
    bool maybe;
    char host[256];
    char code[64], message[200]; /* of the last entry that failed */
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t random_below(uint32_t n)
{
    uint32_t r = 0;
    if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
        r = (uint32_t)now_ms();
    return r % n;
}

/* The service asks for a pause by throttling and fails now and then; anything else stays as it is.
 */
static bool may_go_again(struct sigv4_slice code)
{
    static const char *const passing[] = {"ProvisionedThroughputExceededException",
                                          "InternalFailure", "KMSThrottlingException"};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (code.len == strlen(passing[i]) && memcmp(code.ptr, passing[i], code.len) == 0)
            return true;
    return false;
}

static void keep_text(char *out, size_t cap, struct sigv4_slice s)
{
    snprintf(out, cap, "%.*s", (int)s.len, s.len ? (const char *)s.ptr : "");
}

static void on_answer(void *ctx, const struct kinesis_put_records_result *result)
{
    struct attempt *a = ctx;
    struct batch *b = a->batch;
    if (result->error) {
        a->error = *result->error;
        a->maybe = result->response->maybe_done;
        snprintf(a->host, sizeof a->host, "%s", result->response->host);
        return;
    }
    for (size_t i = 0; i < result->entry_count; i++) {
        const struct kinesis_put_outcome *o = kinesis_put_records_at(result, i);
        if (!o->error_code.len) {
            b->written_count++;
            if (b->written)
                b->written(b->ctx, o, result->encryption_type);
            continue;
        }
        keep_text(a->code, sizeof a->code, o->error_code);
        keep_text(a->message, sizeof a->message, o->error_message);
        if (may_go_again(o->error_code))
            b->entries[a->kept++] = b->entries[i];
        else
            b->failed_count++;
    }
}

static void pause_ms(unsigned attempt)
{
    uint32_t most = (uint32_t)FIRST_PAUSE_MS << (attempt < 6 ? attempt : 6);
    uint32_t ms = random_below(most < LONGEST_PAUSE_MS ? most : LONGEST_PAUSE_MS) + 1;
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* The request as a whole failed: what remains of the batch did, too. */
static void give_up(struct batch *b, const struct attempt *a)
{
    b->code = failure_say_request("kput", b->session->client, "KINESIS", &a->error, a->host);
    if (a->maybe) {
        b->maybe_count += b->count;
        fprintf(stderr, "kput: the answer was lost: %zu records may have been written\n", b->count);
    } else {
        b->failed_count += b->count;
    }
    b->count = 0;
    b->over = true;
}

/* One request. false: nothing is left to send. */
static bool attempt(struct batch *b, struct attempt *a)
{
    struct sigv4_call *call = NULL;
    struct kinesis_put_records_input in = {
        .size = sizeof in,
        .stream = b->stream,
        .entries = b->entries,
        .entry_count = b->count,
        .timeout_ms = (uint32_t)b->session->settings->timeout_ms,
        .flags = KINESIS_NOT_TWICE,
    };
    uint64_t failed = b->failed_count;
    *a = (struct attempt){.batch = b};
    if (kinesis_put_records(b->session->client, &in, on_answer, a, &call, &a->error) == SIGV4_OK) {
        sigv4_call_wait(call, -1);
        sigv4_call_release(call);
    }
    if (a->error.status) {
        give_up(b, a);
        return false;
    }
    if (b->failed_count > failed)
        fprintf(stderr, "kput: %llu records not written: %s: %s\n",
                (unsigned long long)(b->failed_count - failed), a->code, a->message);
    b->count = a->kept;
    return b->count > 0;
}

void batch_send(struct batch *b)
{
    struct attempt a;
    int64_t end = now_ms() + (int64_t)b->deadline_ms;
    for (unsigned n = 0; b->count && attempt(b, &a); n++) {
        if (now_ms() >= end) {
            fprintf(stderr, "kput: %zu records not written in time: %s: %s\n", b->count, a.code,
                    a.message);
            b->failed_count += b->count;
            break;
        }
        pause_ms(n);
    }
    if (b->failed_count && !b->code)
        b->code = EXIT_SOME_FAILED;
    b->count = b->used = 0;
}

static struct sigv4_slice keep(struct batch *b, struct sigv4_slice s)
{
    char *at = b->block + b->used;
    if (s.len)
        memcpy(at, s.ptr, s.len);
    b->used += s.len;
    return sigv4_bytes(at, s.len);
}

/* The block does not move: the entries point into it. One record of any size fits. */
static bool make_block(struct batch *b)
{
    if (!b->block) {
        b->cap = BATCH_BYTES + 11 * 1024 * 1024;
        b->block = malloc(b->cap);
    }
    return b->block != NULL;
}

int batch_add(struct batch *b, struct sigv4_slice key, struct sigv4_slice hash_key,
              struct sigv4_slice data)
{
    char own[OWN_KEY + 1];
    size_t size = data.len + key.len + hash_key.len + OWN_KEY;
    if (b->count == BATCH_RECORDS || (b->count && b->used + size > BATCH_BYTES))
        batch_send(b);
    if (!make_block(b) || size > b->cap) {
        fprintf(stderr, "kput: a record of %zu bytes cannot be sent\n", data.len);
        b->failed_count++;
        return b->code = EXIT_SOME_FAILED;
    }
    if (key.len == 0) {
        snprintf(own, sizeof own, "%08x%08x", random_below(UINT32_MAX), random_below(UINT32_MAX));
        key = sigv4_str(own);
    }
    struct sigv4_slice kept_key = keep(b, key), kept_hash = keep(b, hash_key);
    b->entries[b->count++] =
        KINESIS_PUT_ENTRY(.partition_key = kept_key, .explicit_hash_key = kept_hash,
                          .data = keep(b, data));
    return 0;
}

void batch_free(struct batch *b)
{
    free(b->block);
    b->block = NULL;
}
