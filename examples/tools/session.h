#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H
/* What every tool begins with: the options they share, and a loop and a client made from them. */
#include "options.h"

#include <sigv4/sigv4.h>

struct session_settings {
    const char *region, *profile, *endpoint_url, *ca_bundle, *mfa_code;
    bool no_verify_ssl, no_sign_request, quiet;
    uint64_t connect_timeout_ms, read_timeout_ms, timeout_ms, max_attempts;
    unsigned verbose;
    uint32_t connections; /* no option: the most at a time to one host; 0: the library's */
    char tunables;        /* the place of -X, whose values go where its rows say */
};
/* The group of these options for a tool whose settings have `struct session_settings session`. */
enum { SESSION_ROW_COUNT = 14 };
extern const struct option_row session_rows[SESSION_ROW_COUNT];
#define SESSION_GROUP(settings_type)                                                               \
    {                                                                                              \
        "options shared by all tools", session_rows, SESSION_ROW_COUNT,                            \
            offsetof(settings_type, session)                                                       \
    }

struct session {
    const char *tool;
    char agent[64]; /* "kput/0.1.0" */
    const struct session_settings *settings;
    struct sigv4_loop *loop;
    struct sigv4_client *client;
    char mfa_code[16]; /* "": none, or used */
};
/* 0, or the exit code after a line on stderr. Before anything else is opened. SIGPIPE is ignored
 * from here on: a closed pipe is an error of a write; so is a standard descriptor that was closed.
 */
int session_open(struct session *s, const char *tool, const struct session_settings *settings);
/* What any client of this tool is made with; endpoint and code of a device are the caller's. Views
 * valid as long as the session. */
struct sigv4_client_options session_client_options(const struct session *s);
void session_close(struct session *s); /* delivers what is owed, frees */
#endif
