/* Loading: the environment, then the two files it points to, then which profile is meant. */
#include "config/config.h"

#include "base/fail.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/file.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int find_home(struct sigv4__config *c)
{
    char scratch[4096];
    struct passwd entry, *found = NULL;
    c->home = sigv4__config_env(c, "HOME");
    /* A service started without HOME still has a home folder. */
    if (c->home || getpwuid_r(geteuid(), &entry, scratch, sizeof scratch, &found) || !found)
        return SIGV4_OK;
    c->home = sigv4__arena_text(&c->arena, sigv4_str(entry.pw_dir));
    return c->home ? SIGV4_OK : SIGV4_E_NOMEM;
}

int sigv4__config_path(const struct sigv4__config *c, const char *path, struct sigv4__buffer *out,
                       struct sigv4_error *err)
{
    bool at_home = path[0] == '~' && (path[1] == '/' || path[1] == '\0');
    if (at_home && !c->home)
        return sigv4__fail(err, SIGV4_E_INVALID, "%s: no home folder is known; set HOME", path);
    if (at_home)
        sigv4__buffer_str(out, c->home);
    sigv4__buffer_str(out, at_home ? path + 1 : path);
    if (out->failed)
        return sigv4__fail(err, out->failed, "%s", sigv4_status_text(out->failed));
    return SIGV4_OK;
}

/* A folder is taken on trust; of a file, a line that begins a certificate will do. */
static bool holds_certificates(const char *path)
{
    char line[512];
    struct stat what;
    bool found = stat(path, &what) == 0 && !S_ISREG(what.st_mode);
    FILE *in = found ? NULL : fopen(path, "rbe");
    while (in && !found && fgets(line, sizeof line, in))
        found = strncmp(line, "-----BEGIN ", 11) == 0 && strstr(line, "CERTIFICATE");
    if (in)
        fclose(in);
    return found;
}

int sigv4__config_ca_bundle(const struct sigv4__config *c, const char *option,
                            struct sigv4__buffer *out, struct sigv4_error *err)
{
    struct sigv4__setting bundle;
    sigv4__config_setting(c, option, "AWS_CA_BUNDLE", "ca_bundle", &bundle);
    if (!bundle.value)
        return SIGV4_OK;
    size_t start = out->len;
    int status = sigv4__config_path(c, bundle.value, out, err);
    if (status)
        return status;
    const char *path = sigv4__buffer_cstr(out);
    if (!path)
        return sigv4__fail(err, out->failed, "%s", sigv4_status_text(out->failed));
    int cause = access(path + start, R_OK) ? errno : 0;
    if (!cause && holds_certificates(path + start))
        return SIGV4_OK;
    if (!cause)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "CA bundle %.160s (from %s): it holds no certificate in PEM form",
                           bundle.value, bundle.origin);
    sigv4__fail(err, SIGV4_E_IO, "CA bundle %.160s (from %s): %s", bundle.value, bundle.origin,
                strerror(cause));
    if (err)
        err->os_errno = cause;
    return SIGV4_E_IO;
}

static int add_text(struct sigv4__config *c, const char *label, bool credentials,
                    struct sigv4_error *err)
{
    struct sigv4__buffer path, text;
    sigv4__buffer_init(&path, &c->arena.alloc, 4096);
    sigv4__buffer_init(&text, &c->arena.alloc, SIGV4__INI_MAX_FILE + 1);
    int status = sigv4__config_path(c, label, &path, err);
    if (status)
        goto out;
    const char *name = sigv4__buffer_cstr(&path);
    if (!name) {
        status = sigv4__fail(err, path.failed, "%s", sigv4_status_text(path.failed));
        goto out;
    }
    status = sigv4__file_read(name, label, &text, err);
    if (!status)
        status =
            sigv4__profiles_add(&c->profiles, sigv4__buffer_view(&text), label, credentials, err);
out:
    sigv4__buffer_free_secret(&text);
    sigv4__buffer_free(&path);
    return status;
}

/* A file that is not there is an empty one. */
static int add_file(struct sigv4__config *c, bool credentials, struct sigv4_error *err)
{
    const char *named =
        sigv4__config_env(c, credentials ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
    const char *label = named ? named : credentials ? "~/.aws/credentials" : "~/.aws/config";
    c->labels[credentials] = label;
    if (!named && !c->home)
        return SIGV4_OK;
    int status = add_text(c, label, credentials, err);
    if (status != SIGV4_E_NOT_FOUND)
        return status;
    if (err)
        memset(err, 0, sizeof *err);
    return SIGV4_OK;
}

/* The two files write a profile's title in two ways, which is easily mixed up. */
static int refuse_profile(const struct sigv4__config *c, const char *name, const char *origin,
                          struct sigv4_error *err)
{
    char prefixed[160], hint[512] = "";
    snprintf(prefixed, sizeof prefixed, "profile %.140s", name);
    if (sigv4__profiles_has_stray(&c->profiles, name, false))
        snprintf(hint, sizeof hint, "; in %.140s it must be [profile %.140s], not [%.140s]",
                 c->labels[0], name, name);
    else if (sigv4__profiles_has_stray(&c->profiles, prefixed, true))
        snprintf(hint, sizeof hint, "; in %.140s it must be [%.140s], not [profile %.140s]",
                 c->labels[1], name, name);
    return sigv4__fail(err, SIGV4_E_INVALID, "no profile '%s' (from %s) in %s or %s%s", name,
                       origin, c->labels[0], c->labels[1], hint);
}

static int choose_profile(struct sigv4__config *c, const char *option, struct sigv4_error *err)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    const char *name = option && *option ? option : NULL, *origin = "option";
    for (int i = 0; i < 2 && !name; i++)
        name = sigv4__config_env(c, origin = variables[i]);
    if (!name)
        name = origin = "default";
    c->profile = sigv4__arena_text(&c->arena, sigv4_str(name));
    c->profile_origin = origin;
    if (!c->profile)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    if (strcmp(name, "default") == 0 || sigv4__config_has(c, SIGV4__PROFILE, name))
        return SIGV4_OK;
    return refuse_profile(c, name, origin, err);
}

static void forget_secret(void *ctx, enum sigv4__section_kind kind, const char *section,
                          struct sigv4__property *p)
{
    (void)ctx;
    (void)kind;
    (void)section;
    static const char *const secrets[] = {"aws_secret_access_key", "aws_session_token",
                                          "aws_security_token"};
    for (size_t i = 0; p && i < sizeof secrets / sizeof *secrets; i++)
        if (strcmp(p->name, secrets[i]) == 0)
            OPENSSL_cleanse((char *)p->value, strlen(p->value));
}

static int load(struct sigv4__config *c, const struct sigv4__config_options *o,
                struct sigv4_error *err)
{
    int status =
        sigv4__environment_copy(&c->environment, &c->arena, o->environment, o->without_secrets);
    if (!status)
        status = find_home(c);
    if (status)
        return sigv4__fail(err, status, "out of memory reading the environment");
    if (o->environment_only)
        return SIGV4_OK;
    status = add_file(c, false, err);
    if (!status)
        status = add_file(c, true, err);
    if (!status && o->without_secrets)
        sigv4__profiles_each(&c->profiles, forget_secret, NULL);
    return status ? status : choose_profile(c, o->profile, err);
}

int sigv4__config_load(struct sigv4__config **out, const struct sigv4__config_options *o,
                       struct sigv4_error *err)
{
    static const struct sigv4__config_options none;
    if (!o)
        o = &none;
    *out = NULL;
    struct sigv4_alloc alloc = sigv4__alloc_or_default(o->alloc);
    struct sigv4__config *c = sigv4__alloc_zero(&alloc, 1, sizeof *c);
    if (!c)
        return sigv4__fail(err, SIGV4_E_NOMEM, "out of memory");
    sigv4__arena_init(&c->arena, &alloc);
    c->profiles.arena = &c->arena;
    int status = load(c, o, err);
    if (status) {
        sigv4__config_free(c);
        return status;
    }
    *out = c;
    return SIGV4_OK;
}

void sigv4__config_free(struct sigv4__config *c)
{
    if (!c)
        return;
    struct sigv4_alloc alloc = c->arena.alloc;
    sigv4__arena_free(&c->arena);
    sigv4__alloc_put(&alloc, c, sizeof *c);
}
