#ifndef TOOLS_S3CP_PROGRESS_H
#define TOOLS_S3CP_PROGRESS_H
/* How far s3cp is: a line on a terminal with bytes, rate, files and the time that is left. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool shows;   /* stderr is a terminal */
    bool shown;   /* the line is on the screen now */
    bool counted; /* the totals are final */
    uint64_t bytes_done, bytes_total, files_done, files_total;
    int64_t began_ms, told_ms;
};
void progress_begin(struct progress *p, bool quiet);
void progress_show(struct progress *p); /* a few times a second at most */
void progress_hide(struct progress *p); /* before anything else is printed */
/* "12.3 MiB". */
const char *progress_size(uint64_t bytes, char text[16]);
#endif
