#ifndef TOOLS_KCAT_PRINT_H
#define TOOLS_KCAT_PRINT_H
/* How kcat shows a record: the article's table, JSON, the bytes alone, or a format of the user's.
 */
#include <kinesis/kinesis.h>
#include <stdio.h>

enum print_as { PRINT_TABLE, PRINT_JSON, PRINT_RAW, PRINT_FORMAT };

struct printer {
    enum print_as as;
    const char *format; /* with PRINT_FORMAT */
    bool on_terminal;   /* bytes that could steer it are made visible */
    FILE *out;
};
/* NULL, or what is wrong with a format. */
const char *print_check_format(const char *format);
void print_head(const struct printer *p);
/* false: the other end of the pipe is gone, or the disk is full (errno). */
bool print_record(const struct printer *p, const struct kinesis_record *record);
#endif
