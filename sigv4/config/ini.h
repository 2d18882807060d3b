#ifndef CONFIG_INI_H
#define CONFIG_INI_H
/* The syntax of the shared files: bytes in, sections and properties out. No I/O, no AWS names. */
#include "config/arena.h"

#include <sigv4/status.h>

enum { SIGV4__INI_MAX_FILE = 4 << 20, SIGV4__INI_MAX_LINE = 64 << 10 };

struct sigv4__property {
    const char *name;  /* lower-cased */
    const char *value; /* of a nested block the raw text: "\nname = value\nname = value" */
    unsigned line;     /* of the file, from 1 */
    struct sigv4__property *nested; /* the block's own, the last one first */
    struct sigv4__property *next;
};
struct sigv4__section {
    const char *title; /* between the brackets, trimmed: "profile dev" */
    unsigned line;
    struct sigv4__property *first, *last;
    struct sigv4__section *next;
};

/* Everything lies in the arena. A section may come twice; so may a property: the last one counts.
 * file is for messages only. Errors: INVALID (with file and line), TOO_LARGE, NOMEM. */
int sigv4__ini_parse(struct sigv4__section **out, struct sigv4__arena *arena,
                     struct sigv4_slice text, const char *file, struct sigv4_error *err);

/* Letters, digits and -_/.%@:+ : what properties and profiles may be called. */
bool sigv4__ini_is_name(struct sigv4_slice s);

/* The last property of that (lower-case) name in one section; NULL when there is none. */
const struct sigv4__property *sigv4__ini_find(const struct sigv4__section *section,
                                              const char *name);

/* The value of a sub-property (lower-case name) of a nested block; NULL when there is none. */
const char *sigv4__ini_nested(const struct sigv4__property *block, const char *name);
#endif
