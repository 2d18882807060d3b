/* The causes' names. */
#include <sigv4/diagnose.h>

const char *sigv4_cause_name(enum sigv4_cause cause)
{
    switch (cause) {
#define X(name, text)                                                                              \
    case SIGV4_CAUSE_##name:                                                                       \
        return text;
        SIGV4_CAUSE_MAP(X)
#undef X
    }
    return "other";
}
