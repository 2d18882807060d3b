/* A copy of the variables that matter here: the process's may change under our feet. */
#include "config/environment.h"

#include "base/text.h"

#include <unistd.h>

struct sigv4__variable {
    const char *name, *value;
    struct sigv4__variable *next;
};

static bool is_ours(struct sigv4_slice name)
{
    static const char proxy[] = "_proxy";
    const size_t n = sizeof proxy - 1;
    return sigv4__starts_with(name, "AWS_") || sigv4__equal_str(name, "HOME") ||
           (name.len > n &&
            sigv4__equal_nocase(sigv4__from(name, name.len - n), sigv4_bytes(proxy, n)));
}

static bool is_secret(struct sigv4_slice name)
{
    static const char *const secrets[] = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
                                          "AWS_SECURITY_TOKEN",
                                          "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (sigv4__equal_str(name, secrets[i]))
            return true;
    return false;
}

int sigv4__environment_copy(struct sigv4__environment *e, struct sigv4__arena *arena,
                            const char *const *source, bool without_secrets)
{
    struct sigv4__variable **end = &e->first;
    if (!source)
        source = (const char *const *)environ;
    for (; source && *source; source++) {
        struct sigv4_slice entry = sigv4_str(*source);
        size_t equals = sigv4__find(entry, '=');
        struct sigv4_slice name = sigv4__first(entry, equals);
        if (equals == entry.len || !is_ours(name) || (without_secrets && is_secret(name)))
            continue;
        struct sigv4__variable *v = sigv4__arena_get(arena, sizeof *v);
        char *copy = sigv4__arena_text(arena, entry);
        if (!v || !copy)
            return SIGV4_E_NOMEM;
        copy[equals] = '\0';
        *v = (struct sigv4__variable){copy, copy + equals + 1, NULL};
        *end = v;
        end = &v->next;
    }
    return SIGV4_OK;
}

const char *sigv4__environment_get(const struct sigv4__environment *e, const char *name)
{
    for (const struct sigv4__variable *v = e->first; v; v = v->next)
        if (strcmp(v->name, name) == 0)
            return *v->value ? v->value : NULL;
    return NULL;
}
