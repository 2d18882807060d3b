/* The shared files: any bytes, as config file and as credentials file. */
#include "config/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(void *ctx, enum sigv4__section_kind kind, const char *section,
                  struct sigv4__property *p)
{
    const struct sigv4__profiles *profiles = ctx;
    if (!p)
        return;
    if (!sigv4__profiles_find(profiles, kind, section, p->name, NULL))
        __builtin_trap();
    if (p->nested && !sigv4__ini_nested(p, p->nested->name))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sigv4__arena arena;
    struct sigv4__profiles profiles = {.arena = &arena};
    struct sigv4_error err;
    if (size > 4096)
        return 0;
    sigv4__arena_init(&arena, NULL);
    if (sigv4__profiles_add(&profiles, sigv4_bytes(data, size), "config", false, &err) == 0 &&
        sigv4__profiles_add(&profiles, sigv4_bytes(data, size), "credentials", true, &err) == 0)
        sigv4__profiles_each(&profiles, visit, &profiles);
    sigv4__arena_free(&arena);
    return 0;
}
