#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H
/* What config.c loads and setting.c looks things up in. */
#include "config/environment.h"
#include "config/setting.h"

struct sigv4__config {
    struct sigv4__arena arena; /* all that follows points into it */
    struct sigv4__environment environment;
    struct sigv4__profiles profiles;
    const char *profile, *profile_origin;
    const char *home;      /* NULL when there is none */
    const char *labels[2]; /* the files as people write them: config, credentials */
};
#endif
