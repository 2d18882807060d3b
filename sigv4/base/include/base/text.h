#ifndef BASE_TEXT_H
#define BASE_TEXT_H
/* Views: compare, trim, read numbers; and writing into a caller's sigv4_text. ASCII, locale-free.
 */
#include <sigv4/status.h>

bool sigv4__equal(struct sigv4_slice a, struct sigv4_slice b);
bool sigv4__equal_str(struct sigv4_slice a, const char *b);
bool sigv4__equal_nocase(struct sigv4_slice a, struct sigv4_slice b);
bool sigv4__starts_with(struct sigv4_slice s, const char *prefix);
bool sigv4__ends_with(struct sigv4_slice s, const char *suffix);
struct sigv4_slice sigv4__trim(struct sigv4_slice s); /* blanks, tabs, CR, LF at both ends */
/* From offset from (at most len) to its end; n bytes of it. */
struct sigv4_slice sigv4__from(struct sigv4_slice s, size_t from);
struct sigv4_slice sigv4__first(struct sigv4_slice s, size_t n);
/* Position of c, or s.len. */
size_t sigv4__find(struct sigv4_slice s, char c);
/* Decimal digits only, no sign, all of s; false: malformed or above max. */
bool sigv4__parse_uint(struct sigv4_slice s, uint64_t max, uint64_t *out);
bool sigv4__is_alnum(char c);
bool sigv4__is_digit(char c);
char sigv4__lower(char c);
void sigv4__hex(const void *bytes, size_t n, char *out); /* 2n lower-case digits, no NUL */

/* Appending to caller's text: counts on past cap. */
void sigv4__text_append(struct sigv4_text *out, const void *bytes, size_t n);
void sigv4__text_slice(struct sigv4_text *out, struct sigv4_slice s);
void sigv4__text_str(struct sigv4_text *out, const char *s);
void sigv4__text_char(struct sigv4_text *out, char c);
int sigv4__text_status(const struct sigv4_text *out); /* OK or TOO_LARGE */

/* Percent-encoding with the unreserved set of SigV4 (facts, 3.1); keep_slash leaves '/'. */
void sigv4__text_encode(struct sigv4_text *out, struct sigv4_slice s, bool keep_slash);
#endif
