/* Command lines without a shell: nothing is expanded, nothing is run but the first word. */
#include "credentials/process.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Appends a quoted part; at is behind the opening quote. NULL: it does not end. */
static const char *quoted(const char *at, char quote, struct sigv4__buffer *text)
{
    while (*at != quote) {
        /* Inside "..." a backslash protects the quote and itself, as in a shell. */
        if (quote == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (!*at)
            return NULL;
        sigv4__buffer_char(text, *at++);
    }
    return at + 1;
}

/* Appends one word and its NUL. NULL: a quote does not end, or nothing follows a backslash. */
static const char *word(const char *at, struct sigv4__buffer *text)
{
    while (at && *at && !is_blank(*at)) {
        if (*at == '"' || *at == '\'') {
            at = quoted(at + 1, *at, text);
            continue;
        }
        if (*at == '\\' && !*++at)
            return NULL;
        sigv4__buffer_char(text, *at++);
    }
    if (at)
        sigv4__buffer_char(text, '\0');
    return at;
}

int sigv4__words_split(const char *command, struct sigv4__buffer *text,
                       char *argv[SIGV4__MAX_WORDS + 1])
{
    size_t count = 0;
    /* A word's NUL takes the place of what ended it: this much is enough, and nothing moves. */
    if (sigv4__buffer_reserve(text, strlen(command) + 1))
        return text->failed;
    for (const char *at = command;;) {
        while (is_blank(*at))
            at++;
        if (!*at)
            break;
        if (count == SIGV4__MAX_WORDS)
            return SIGV4_E_INVALID;
        argv[count++] = text->ptr + text->len;
        at = word(at, text);
        if (!at)
            return SIGV4_E_INVALID;
    }
    argv[count] = NULL;
    return text->failed ? text->failed : count ? SIGV4_OK : SIGV4_E_INVALID;
}
