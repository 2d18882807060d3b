#ifndef KBENCH_PHASE_H
#define KBENCH_PHASE_H
/* What one request took, cut into phases that add up to the total. */
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_NAME,       /* the name's addresses */
    PHASE_CONNECT,    /* TCP: one round trip */
    PHASE_TLS,        /* the handshake: one round trip with TLS 1.3 */
    PHASE_FIRST_BYTE, /* from the request to the answer's first byte: one round trip and the service
                       */
    PHASE_TOTAL,      /* everything, to the last byte */
    PHASE_COUNT
};

struct reading {
    double at_s;               /* since the trial began */
    uint32_t block;            /* of those that were interleaved */
    double phase[PHASE_COUNT]; /* milliseconds; negative: there was no such phase */
};

/* "connect"; never NULL. */
const char *phase_name(enum phase phase);
#endif
