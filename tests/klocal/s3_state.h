/* What the rest of klocal asks of S3's state. The lock is held. */
#ifndef KLOCAL_S3_STATE_H
#define KLOCAL_S3_STATE_H

#include "klocal.h"
#include "text.h"

void s3_reset(struct klocal *klocal);
struct bucket *bucket_create(struct klocal *klocal, const char *name, const char *region);
void s3_put_state(struct klocal *klocal, struct text *out); /* JSON, without the brackets */

#endif
