#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H
/* Points in time as the services write them. All UTC, proleptic Gregorian, years 1 to 9999. */
#include <sigv4/status.h>

/* "2026-11-22T20:31:50Z", with a fraction of any length (kept to ms) and with +hh:mm offsets. */
bool sigv4__moment_parse_iso(struct sigv4_slice s, int64_t *unix_ms);
/* "Sun, 06 Nov 1994 08:49:37 GMT". */
bool sigv4__moment_parse_http(struct sigv4_slice s, int64_t *unix_ms);
/* out: "YYYYMMDDTHHMMSSZ" and NUL; years out of range are clamped. */
void sigv4__moment_amz(int64_t unix_seconds, char out[17]);
/* out: "2026-11-22T20:31:50.123Z" (ms) and NUL. */
void sigv4__moment_iso(int64_t unix_ms, char out[25]);
#endif
