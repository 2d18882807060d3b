#ifndef CONFIG_PROFILE_H
#define CONFIG_PROFILE_H
/* The two shared files, seen as one: a look-up by section and name follows the merge rules (facts,
 * 4.2): [profile x] in the config file, [x] in the credentials file, whose values win. */
#include "config/ini.h"

enum sigv4__section_kind {
    SIGV4__PROFILE,
    SIGV4__SSO_SESSION,
    SIGV4__SERVICES,
    SIGV4__STRAY /* means nothing in its file; never found, kept for advice */
};

struct sigv4__named_section;
struct sigv4__profiles {
    struct sigv4__arena *arena;
    struct sigv4__named_section *first, *last;
};

/* Adds one file's text. Sections with names no rule knows are skipped; their syntax is checked all
 * the same. label: how people call the file ("~/.aws/config"); kept. */
int sigv4__profiles_add(struct sigv4__profiles *p, struct sigv4_slice text, const char *label,
                        bool is_credentials, struct sigv4_error *err);

bool sigv4__profiles_has(const struct sigv4__profiles *p, enum sigv4__section_kind kind,
                         const char *section);
/* Was such a title found in that file, where it means nothing? "[x]" in the config file, "[profile
 * x]" in the credentials file. */
bool sigv4__profiles_has_stray(const struct sigv4__profiles *p, const char *title,
                               bool is_credentials);
/* NULL: no such section or property. label (may be NULL) receives the file it came from. */
const struct sigv4__property *sigv4__profiles_find(const struct sigv4__profiles *p,
                                                   enum sigv4__section_kind kind,
                                                   const char *section, const char *name,
                                                   const char **label);
/* Every property of every section, in order, for whoever lists them; duplicates come as they are.
 */
typedef void sigv4__profiles_fn(void *ctx, enum sigv4__section_kind kind, const char *section,
                                struct sigv4__property *property);
void sigv4__profiles_each(const struct sigv4__profiles *p, sigv4__profiles_fn *each, void *ctx);
#endif
