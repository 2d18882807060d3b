/* Look-ups: the option, then the environment, then the profile; with the origin of what was found.
 */
#include "config/setting.h"

#include "base/fail.h"
#include "base/text.h"
#include "config/config.h"

#include <stdio.h>

const char *sigv4__config_env(const struct sigv4__config *c, const char *name)
{
    return sigv4__environment_get(&c->environment, name);
}

const char *sigv4__config_profile(const struct sigv4__config *c)
{
    return c->profile;
}

const char *sigv4__config_profile_origin(const struct sigv4__config *c)
{
    return c->profile_origin;
}

bool sigv4__config_profile_explicit(const struct sigv4__config *c)
{
    return strcmp(c->profile_origin, "option") == 0;
}

const char *sigv4__config_file(const struct sigv4__config *c, bool credentials)
{
    return c->labels[credentials];
}

bool sigv4__config_has(const struct sigv4__config *c, enum sigv4__section_kind kind,
                       const char *section)
{
    return sigv4__profiles_has(&c->profiles, kind, section ? section : c->profile);
}

static const char *find(const struct sigv4__config *c, enum sigv4__section_kind kind,
                        const char *section, const char *name, const char **label)
{
    const struct sigv4__property *p =
        sigv4__profiles_find(&c->profiles, kind, section ? section : c->profile, name, label);
    return p && *p->value ? p->value : NULL;
}

const char *sigv4__config_get(const struct sigv4__config *c, enum sigv4__section_kind kind,
                              const char *section, const char *name)
{
    return find(c, kind, section, name, NULL);
}

const char *sigv4__config_nested(const struct sigv4__config *c, enum sigv4__section_kind kind,
                                 const char *section, const char *block, const char *name)
{
    const struct sigv4__property *p =
        sigv4__profiles_find(&c->profiles, kind, section ? section : c->profile, block, NULL);
    const char *value = p ? sigv4__ini_nested(p, name) : NULL;
    return value && *value ? value : NULL;
}

const struct sigv4__profiles *sigv4__config_profiles(const struct sigv4__config *c)
{
    return &c->profiles;
}

static void set(struct sigv4__setting *s, const char *value, const char *origin)
{
    s->value = value;
    sigv4__fixed_copy(s->origin, sizeof s->origin, sigv4_str(origin));
}

static void set_from_file(struct sigv4__setting *s, const char *value, const char *section,
                          const char *label)
{
    char origin[512];
    snprintf(origin, sizeof origin, "%s in %s", section, label);
    set(s, value, origin);
}

static void set_from_profile(const struct sigv4__config *c, const char *property,
                             struct sigv4__setting *out)
{
    char section[256];
    const char *label = "";
    const char *value = find(c, SIGV4__PROFILE, NULL, property, &label);
    if (!value)
        return;
    snprintf(section, sizeof section, "profile %s", c->profile);
    set_from_file(out, value, section, label);
}

void sigv4__config_setting(const struct sigv4__config *c, const char *option, const char *variable,
                           const char *property, struct sigv4__setting *out)
{
    set(out, NULL, "");
    if (option && *option)
        set(out, option, "option");
    else if (variable && sigv4__config_env(c, variable))
        set(out, sigv4__config_env(c, variable), variable);
    else if (property)
        set_from_profile(c, property, out);
}

void sigv4__setting_blame(const struct sigv4__setting *setting, struct sigv4_error *err)
{
    size_t used = err ? strlen(err->message) : 0;
    if (err && setting->value && used + sizeof " (from )" + 16 < sizeof err->message)
        snprintf(err->message + used, sizeof err->message - used, " (from %s)", setting->origin);
}

static int refuse(const struct sigv4__setting *s, const char *property, const char *why,
                  struct sigv4_error *err)
{
    return sigv4__fail(err, SIGV4_E_INVALID, "%s '%s' (from %s): %s", property, s->value, s->origin,
                       why);
}

int sigv4__config_bool(const struct sigv4__config *c, const char *variable, const char *property,
                       bool *out, struct sigv4__setting *from, struct sigv4_error *err)
{
    struct sigv4__setting own, *s = from ? from : &own;
    *out = false;
    sigv4__config_setting(c, NULL, variable, property, s);
    if (!s->value || sigv4__equal_nocase(sigv4_str(s->value), SIGV4_LIT("false")))
        return SIGV4_OK;
    if (!sigv4__equal_nocase(sigv4_str(s->value), SIGV4_LIT("true")))
        return refuse(s, property ? property : variable, "must be true or false", err);
    *out = true;
    return SIGV4_OK;
}

int sigv4__config_count(const struct sigv4__config *c, const char *variable, const char *property,
                        uint32_t max, uint32_t *out, struct sigv4_error *err)
{
    struct sigv4__setting s;
    uint64_t n;
    *out = 0;
    sigv4__config_setting(c, NULL, variable, property, &s);
    if (!s.value)
        return SIGV4_OK;
    if (!sigv4__parse_uint(sigv4_str(s.value), max, &n) || n == 0)
        return refuse(&s, property ? property : variable, "must be a whole number from 1 up", err);
    *out = (uint32_t)n;
    return SIGV4_OK;
}

static bool is_region(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!sigv4__is_alnum(s[i]) && (s[i] != '-' || i == 0 || i + 1 == n))
            return false;
    return n >= 1 && n <= 63;
}

int sigv4__config_region(const struct sigv4__config *c, const char *option,
                         struct sigv4__setting *out, struct sigv4_error *err)
{
    sigv4__config_setting(c, option, "AWS_REGION", NULL, out);
    if (!out->value)
        sigv4__config_setting(c, NULL, "AWS_DEFAULT_REGION", "region", out);
    if (out->value && !is_region(out->value))
        return refuse(out, "region", "not a region name such as us-east-1", err);
    return SIGV4_OK;
}

int sigv4__config_retry_mode(const struct sigv4__config *c, enum sigv4__retry_mode *out,
                             struct sigv4__setting *from, struct sigv4_error *err)
{
    static const char *const names[] = {"standard", "adaptive", "legacy"};
    struct sigv4__setting own, *s = from ? from : &own;
    *out = SIGV4__RETRY_STANDARD;
    sigv4__config_setting(c, NULL, "AWS_RETRY_MODE", "retry_mode", s);
    if (!s->value)
        return SIGV4_OK;
    for (unsigned i = 0; i < 3; i++) {
        *out = (enum sigv4__retry_mode)i;
        if (sigv4__equal_nocase(sigv4_str(s->value), sigv4_str(names[i])))
            return SIGV4_OK;
    }
    *out = SIGV4__RETRY_STANDARD;
    return refuse(s, "retry_mode", "must be standard, adaptive or legacy", err);
}
