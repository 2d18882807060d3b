#include "phase.h"

const char *phase_name(enum phase phase)
{
    static const char *const names[PHASE_COUNT] = {"name", "connect", "tls", "first_byte", "total"};
    return names[phase];
}
