/* Which sections of the two shared files mean what, and which of two values counts. */
#include "config/profile.h"

#include "base/fail.h"
#include "base/text.h"

struct sigv4__named_section {
    enum sigv4__section_kind kind;
    const char *name;
    bool is_credentials;
    bool prefixed; /* "[profile x]", not "[x]" */
    bool hidden;   /* a [default] beside a [profile default] */
    const char *label;
    struct sigv4__section *section;
    struct sigv4__named_section *next;
};

/* "word name": the name, or an empty view. */
static struct sigv4_slice name_after(struct sigv4_slice title, const char *word)
{
    size_t n = strlen(word);
    if (!sigv4__starts_with(title, word) || title.len == n)
        return sigv4_bytes("", 0);
    struct sigv4_slice rest = sigv4__from(title, n);
    char c = *(const char *)rest.ptr;
    return c == ' ' || c == '\t' ? sigv4__trim(rest) : sigv4_bytes("", 0);
}

/* What a title of the config file stands for; the empty view when nothing of ours. */
static struct sigv4_slice config_name(const char *text, struct sigv4__named_section *out)
{
    static const char *const words[] = {"profile", "sso-session", "services"};
    struct sigv4_slice title = sigv4_str(text);
    out->kind = SIGV4__PROFILE;
    if (sigv4__equal_str(title, "default"))
        return title;
    for (unsigned i = 0; i < 3; i++) {
        struct sigv4_slice name = name_after(title, words[i]);
        if (name.len == 0)
            continue;
        out->kind = (enum sigv4__section_kind)i;
        out->prefixed = true;
        return name;
    }
    return sigv4_bytes("", 0);
}

static int add_section(struct sigv4__profiles *p, struct sigv4__section *section, const char *label,
                       bool is_credentials)
{
    struct sigv4__named_section found = {
        .label = label, .section = section, .is_credentials = is_credentials};
    struct sigv4_slice name =
        is_credentials ? sigv4_str(section->title) : config_name(section->title, &found);
    if (!sigv4__ini_is_name(name)) {
        found.kind = SIGV4__STRAY;
        found.hidden = true;
        name = sigv4_str(section->title);
    }
    struct sigv4__named_section *s = sigv4__arena_get(p->arena, sizeof *s);
    found.name = sigv4__arena_text(p->arena, name);
    if (!s || !found.name)
        return SIGV4_E_NOMEM;
    *s = found;
    if (p->last)
        p->last->next = s;
    else
        p->first = s;
    p->last = s;
    return SIGV4_OK;
}

/* In the config file [profile default] makes [default] count for nothing. */
static void hide_bare_default(struct sigv4__profiles *p)
{
    bool prefixed = false;
    for (struct sigv4__named_section *s = p->first; s; s = s->next)
        if (s->prefixed && s->kind == SIGV4__PROFILE && strcmp(s->name, "default") == 0)
            prefixed = true;
    for (struct sigv4__named_section *s = p->first; s; s = s->next)
        if (prefixed && !s->is_credentials && !s->prefixed)
            s->hidden = true;
}

int sigv4__profiles_add(struct sigv4__profiles *p, struct sigv4_slice text, const char *label,
                        bool is_credentials, struct sigv4_error *err)
{
    struct sigv4__section *sections;
    int status = sigv4__ini_parse(&sections, p->arena, text, label, err);
    if (status)
        return status;
    const char *kept = sigv4__arena_text(p->arena, sigv4_str(label));
    status = kept ? SIGV4_OK : SIGV4_E_NOMEM;
    for (struct sigv4__section *s = sections; s && !status; s = s->next)
        status = add_section(p, s, kept, is_credentials);
    if (status)
        return sigv4__fail(err, status, "out of memory reading %s", label);
    hide_bare_default(p);
    return SIGV4_OK;
}

static bool is_called(const struct sigv4__named_section *s, enum sigv4__section_kind kind,
                      const char *name)
{
    return s->kind == kind && !s->hidden && strcmp(s->name, name) == 0;
}

bool sigv4__profiles_has(const struct sigv4__profiles *p, enum sigv4__section_kind kind,
                         const char *section)
{
    for (const struct sigv4__named_section *s = p->first; s; s = s->next)
        if (is_called(s, kind, section))
            return true;
    return false;
}

bool sigv4__profiles_has_stray(const struct sigv4__profiles *p, const char *title,
                               bool is_credentials)
{
    for (const struct sigv4__named_section *s = p->first; s; s = s->next)
        if (s->kind == SIGV4__STRAY && s->is_credentials == is_credentials &&
            strcmp(s->name, title) == 0)
            return true;
    return false;
}

const struct sigv4__property *sigv4__profiles_find(const struct sigv4__profiles *p,
                                                   enum sigv4__section_kind kind,
                                                   const char *section, const char *name,
                                                   const char **label)
{
    const struct sigv4__property *found = NULL;
    bool from_credentials = false;
    for (const struct sigv4__named_section *s = p->first; s; s = s->next) {
        const struct sigv4__property *property =
            is_called(s, kind, section) ? sigv4__ini_find(s->section, name) : NULL;
        if (!property || (from_credentials && !s->is_credentials))
            continue;
        found = property;
        from_credentials = s->is_credentials;
        if (label)
            *label = s->label;
    }
    return found;
}

void sigv4__profiles_each(const struct sigv4__profiles *p, sigv4__profiles_fn *each, void *ctx)
{
    for (struct sigv4__named_section *s = p->first; s; s = s->next) {
        if (s->hidden)
            continue;
        each(ctx, s->kind, s->name, NULL);
        for (struct sigv4__property *property = s->section->first; property;
             property = property->next)
            each(ctx, s->kind, s->name, property);
    }
}
