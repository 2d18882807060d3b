#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H
/* What the user configured: the environment and the shared files, read once, and look-ups that say
 * where a value came from. The only place in the library that reads the environment. */
#include "base/buffer.h"
#include "config/profile.h"

/* A snapshot; immutable, so any thread may read. Wiped when freed. */
struct sigv4__config;
struct sigv4__config_options {
    const char *profile;            /* NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default" */
    const char *const *environment; /* "NAME=value"..., NULL; NULL: the process's */
    bool without_secrets;           /* forget keys and tokens right after reading */
    bool environment_only;          /* no files, hence no profile */
    const struct sigv4_alloc *alloc;
};
/* Missing files are empty files. Errors: INVALID (malformed file, or no such profile unless it is
 * "default"), IO (a file cannot be read; os_errno), TOO_LARGE, NOMEM. o NULL: all defaults. */
int sigv4__config_load(struct sigv4__config **out, const struct sigv4__config_options *o,
                       struct sigv4_error *err);
void sigv4__config_free(struct sigv4__config *c); /* NULL is fine */

/* A variable (AWS_..., HOME, proxies); NULL when unset or empty. Valid as long as the config. */
const char *sigv4__config_env(const struct sigv4__config *c, const char *name);

/* The chosen profile; origin is "option", "AWS_PROFILE", "AWS_DEFAULT_PROFILE" or "default". */
const char *sigv4__config_profile(const struct sigv4__config *c);
const char *sigv4__config_profile_origin(const struct sigv4__config *c);
bool sigv4__config_profile_explicit(const struct sigv4__config *c); /* named by the option */
/* Where the files are looked for, as people write them ("~/.aws/config"). */
const char *sigv4__config_file(const struct sigv4__config *c, bool credentials);

/* Any section, for source_profile, sso_session, ...; section NULL: the chosen profile. Empty values
 * count as absent: NULL. */
bool sigv4__config_has(const struct sigv4__config *c, enum sigv4__section_kind kind,
                       const char *section);
const char *sigv4__config_get(const struct sigv4__config *c, enum sigv4__section_kind kind,
                              const char *section, const char *name);
/* A sub-property of a nested block: (PROFILE, NULL, "s3", "addressing_style"). */
const char *sigv4__config_nested(const struct sigv4__config *c, enum sigv4__section_kind kind,
                                 const char *section, const char *block, const char *name);
const struct sigv4__profiles *sigv4__config_profiles(const struct sigv4__config *c);

/* A value and where it came from: "option", "AWS_REGION", "profile dev in ~/.aws/config". */
struct sigv4__setting {
    const char *value; /* NULL: not configured; else valid as long as the config (or the option) */
    char origin[192];
};
/* option, then the environment, then the chosen profile; each name may be NULL. */
void sigv4__config_setting(const struct sigv4__config *c, const char *option, const char *variable,
                           const char *property, struct sigv4__setting *out);
/* Adds to the message where the setting at fault comes from. err may be NULL. */
void sigv4__setting_blame(const struct sigv4__setting *setting, struct sigv4_error *err);
/* "true" or "false" in any case; anything else is INVALID. Not configured: false. from may be NULL.
 */
int sigv4__config_bool(const struct sigv4__config *c, const char *variable, const char *property,
                       bool *out, struct sigv4__setting *from, struct sigv4_error *err);
/* A number from 1 to max; not configured: 0. */
int sigv4__config_count(const struct sigv4__config *c, const char *variable, const char *property,
                        uint32_t max, uint32_t *out, struct sigv4_error *err);

/* option, AWS_REGION, AWS_DEFAULT_REGION, profile. Errors: INVALID (not a host label). */
int sigv4__config_region(const struct sigv4__config *c, const char *option,
                         struct sigv4__setting *out, struct sigv4_error *err);
/* The override of one service's endpoint (facts, 5.2); value NULL: none. service_id as in
 * sigv4_request: "KINESIS", "S3", "STS". Not parsed here. Errors: INVALID (no such services
 * section). */
int sigv4__config_endpoint(const struct sigv4__config *c, const char *service_id,
                           const char *option, struct sigv4__setting *out, struct sigv4_error *err);
enum sigv4__retry_mode { SIGV4__RETRY_STANDARD, SIGV4__RETRY_ADAPTIVE, SIGV4__RETRY_LEGACY };
/* AWS_RETRY_MODE, profile retry_mode; STANDARD when not configured. */
int sigv4__config_retry_mode(const struct sigv4__config *c, enum sigv4__retry_mode *out,
                             struct sigv4__setting *from, struct sigv4_error *err);

/* The CA bundle, a file or a folder: option, AWS_CA_BUNDLE, profile. Appended to out with its home
 * folder, nothing when not configured. Errors: INVALID or IO (it cannot be read; says whose it is),
 * or the buffer's. */
int sigv4__config_ca_bundle(const struct sigv4__config *c, const char *option,
                            struct sigv4__buffer *out, struct sigv4_error *err);

/* Appends path with a leading "~/" replaced by the home folder. Errors: INVALID (no home), or the
 * buffer's. */
int sigv4__config_path(const struct sigv4__config *c, const char *path, struct sigv4__buffer *out,
                       struct sigv4_error *err);
#endif
