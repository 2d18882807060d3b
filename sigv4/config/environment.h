#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H
/* The variables that matter here, copied once. */
#include "config/arena.h"

#include <sigv4/status.h>

struct sigv4__variable;
struct sigv4__environment {
    struct sigv4__variable *first;
};
/* source: "NAME=value"..., NULL; NULL: the process's. Keeps AWS_..., HOME and ..._proxy. NOMEM. */
int sigv4__environment_copy(struct sigv4__environment *e, struct sigv4__arena *arena,
                            const char *const *source, bool without_secrets);
/* NULL when unset or empty. */
const char *sigv4__environment_get(const struct sigv4__environment *e, const char *name);
#endif
