#include "report.h"

#include <stdlib.h>
#include <string.h>

/* report.html, put here by the build. */
extern const char report_page[];

static const char place[] = "@RESULT@";

/* In a script element only "</" could end it too early. */
static bool write_data(const char *json, FILE *out)
{
    for (; *json; json++) {
        if (json[0] == '<')
            fputs("\\u003c", out);
        else
            fputc(*json, out);
    }
    return !ferror(out);
}

bool report_write(const json_t *result, FILE *out)
{
    const char *at = strstr(report_page, place);
    char *json = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
    bool ok = json && at;
    if (ok) {
        fwrite(report_page, 1, (size_t)(at - report_page), out);
        ok = write_data(json, out);
        fputs(at + sizeof place - 1, out);
    }
    free(json);
    return ok && !ferror(out);
}
