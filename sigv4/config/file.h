#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H
/* Small files, read whole. */
#include "base/buffer.h"

/* Appends the content of path; out's maximum bounds it. label: how people call the file.
 * Errors: NOT_FOUND (no such file), IO (os_errno, message with label), TOO_LARGE, NOMEM. */
int sigv4__file_read(const char *path, const char *label, struct sigv4__buffer *out,
                     struct sigv4_error *err);
#endif
