/* Names and texts of the statuses, and the version. */
#include <sigv4/sigv4.h>

const char *sigv4_status_name(int status)
{
    switch (status) {
    case SIGV4_OK:
        return "OK";
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return #name;
        SIGV4_STATUS_MAP(X)
#undef X
    default:
        return "UNKNOWN";
    }
}

const char *sigv4_status_text(int status)
{
    switch (status) {
    case SIGV4_OK:
        return "success";
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        SIGV4_STATUS_MAP(X)
#undef X
    default:
        return "unknown status";
    }
}

const char *sigv4_version(void)
{
    return SIGV4_VERSION;
}
