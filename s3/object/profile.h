#ifndef OBJECT_PROFILE_H
#define OBJECT_PROFILE_H
/* What the profile's "s3 =" block says, where the client's options say nothing. */
#include "object/client.h"

/* Errors: INVALID (a value that cannot be; says which). */
int s3__profile_apply(struct s3_client *client, struct sigv4_error *err);
#endif
