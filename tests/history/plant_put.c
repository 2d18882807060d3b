/* Mistakes in the producer. */
#include "history/plant.h"

#include "producer/gate.h"
#include "wire/put_answer.h"

enum plant plant_now;
unsigned plant_times;

#define REAL(name) __real_kinesis__##name
#define WRAP(name) __wrap_kinesis__##name

int REAL(put_answer_read)(struct kinesis__put_answer *answer, char *body, size_t n,
                          struct kinesis_put_outcome *out, size_t count, struct sigv4_error *err);
bool REAL(gates_enter)(struct kinesis__gates *g, struct kinesis__record *r);
int WRAP(put_answer_read)(struct kinesis__put_answer *answer, char *body, size_t n,
                          struct kinesis_put_outcome *out, size_t count, struct sigv4_error *err);
bool WRAP(gates_enter)(struct kinesis__gates *g, struct kinesis__record *r);

int WRAP(put_answer_read)(struct kinesis__put_answer *answer, char *body, size_t n,
                          struct kinesis_put_outcome *out, size_t count, struct sigv4_error *err)
{
    int rc = REAL(put_answer_read)(answer, body, n, out, count, err);
    if (!rc && plant_now == PLANTED_RESEND && answer->failed && plant_times && plant_times--)
        for (size_t i = 0; i < count; i++)
            out[i] = (struct kinesis_put_outcome){.size = sizeof out[i],
                                                  .error_code = SIGV4_LIT("InternalFailure"),
                                                  .error_message = SIGV4_LIT("played by the test")};
    if (!rc && plant_now == PLANTED_SWAP && count > 1) {
        struct kinesis_put_outcome first = out[0];
        out[0] = out[count - 1];
        out[count - 1] = first;
    }
    return rc;
}

bool WRAP(gates_enter)(struct kinesis__gates *g, struct kinesis__record *r)
{
    if (plant_now == PLANTED_UNORDERED)
        r->gate = KINESIS__NO_GATE;
    return plant_now == PLANTED_UNORDERED || REAL(gates_enter)(g, r);
}
