/* Points in time as the services write them. */
#include "base/moment.h"

#include "base/text.h"

#include <stdio.h>

/* Days from 1970-01-01 to the first of a month; years start in March so that the leap day comes
 * last. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil {
    int year, month, day, hour, minute, second;
};

static struct civil civil_from_seconds(int64_t seconds)
{
    /* Years 1 to 9999. */
    const int64_t first = -62135596800, last = 253402300799;
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct civil c = {0};
    c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = (int)(yoe + era * 400 + (c.month <= 2));
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest / 60 % 60);
    c.second = (int)(rest % 60);
    return c;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool seconds_from_civil(const struct civil *c, int64_t *out)
{
    if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > days_in_month(c->year, c->month) || c->hour > 23 || c->minute > 59 ||
        c->second > 60)
        return false;
    *out = days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 +
           c->second;
    return true;
}

/* A reader over the text: each step consumes, the first failure sticks. */
struct reader {
    struct sigv4_slice rest;
    bool ok;
};

static int digits(struct reader *r, size_t n)
{
    uint64_t value = 0;
    r->ok = r->ok && r->rest.len >= n && sigv4__parse_uint(sigv4__first(r->rest, n), 9999, &value);
    r->rest = sigv4__from(r->rest, n);
    return (int)value;
}

static void expect(struct reader *r, const char *text)
{
    r->ok = r->ok && sigv4__starts_with(r->rest, text);
    r->rest = sigv4__from(r->rest, strlen(text));
}

static char peek(const struct reader *r)
{
    return r->rest.len ? *(const char *)r->rest.ptr : '\0';
}

static int fraction_ms(struct reader *r)
{
    int ms = 0, weight = 100;
    if (peek(r) != '.')
        return 0;
    expect(r, ".");
    r->ok = r->ok && sigv4__is_digit(peek(r));
    while (r->ok && sigv4__is_digit(peek(r))) {
        ms += (peek(r) - '0') * weight;
        weight /= 10;
        r->rest = sigv4__from(r->rest, 1);
    }
    return ms;
}

/* "Z" or "+hh:mm", in seconds east. */
static int64_t zone(struct reader *r)
{
    char sign = peek(r);
    if (sign == 'Z' || sign == 'z') {
        r->rest = sigv4__from(r->rest, 1);
        return 0;
    }
    r->ok = r->ok && (sign == '+' || sign == '-');
    r->rest = sigv4__from(r->rest, 1);
    int hours = digits(r, 2);
    expect(r, ":");
    int minutes = digits(r, 2);
    r->ok = r->ok && hours <= 23 && minutes <= 59;
    return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/* "17:04:05.678": returns the milliseconds. */
static int time_of_day(struct reader *r, struct civil *c)
{
    c->hour = digits(r, 2);
    expect(r, ":");
    c->minute = digits(r, 2);
    expect(r, ":");
    c->second = digits(r, 2);
    return fraction_ms(r);
}

bool sigv4__moment_parse_iso(struct sigv4_slice s, int64_t *unix_ms)
{
    struct reader r = {s, true};
    struct civil c = {0};
    int64_t seconds;
    c.year = digits(&r, 4);
    expect(&r, "-");
    c.month = digits(&r, 2);
    expect(&r, "-");
    c.day = digits(&r, 2);
    r.ok = r.ok && (peek(&r) == 'T' || peek(&r) == 't');
    r.rest = sigv4__from(r.rest, 1);
    int ms = time_of_day(&r, &c);
    int64_t east = zone(&r);
    if (!r.ok || r.rest.len || !seconds_from_civil(&c, &seconds))
        return false;
    *unix_ms = (seconds - east) * 1000 + ms;
    return true;
}

static int month_of(struct reader *r)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int month = 0;
    for (int i = 0; i < 12 && r->rest.len >= 3; i++)
        if (memcmp(r->rest.ptr, names + 3 * i, 3) == 0)
            month = i + 1;
    r->ok = r->ok && month;
    r->rest = sigv4__from(r->rest, 3);
    return month;
}

bool sigv4__moment_parse_http(struct sigv4_slice s, int64_t *unix_ms)
{
    struct reader r = {sigv4__from(s, 3), s.len > 3};
    struct civil c = {0};
    int64_t seconds;
    expect(&r, ", ");
    c.day = digits(&r, 2);
    expect(&r, " ");
    c.month = month_of(&r);
    expect(&r, " ");
    c.year = digits(&r, 4);
    expect(&r, " ");
    int ms = time_of_day(&r, &c);
    expect(&r, " GMT");
    if (!r.ok || r.rest.len || !seconds_from_civil(&c, &seconds))
        return false;
    *unix_ms = seconds * 1000 + ms;
    return true;
}

/* The fields are in range; the wide scratch only satisfies the compiler's format check. */
void sigv4__moment_amz(int64_t unix_seconds, char out[17])
{
    struct civil c = civil_from_seconds(unix_seconds);
    char wide[80];
    snprintf(wide, sizeof wide, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour,
             c.minute, c.second);
    memcpy(out, wide, 16);
    out[16] = '\0';
}

void sigv4__moment_iso(int64_t unix_ms, char out[25])
{
    int64_t seconds = unix_ms / 1000, ms = unix_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct civil c = civil_from_seconds(seconds);
    char wide[96];
    snprintf(wide, sizeof wide, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day,
             c.hour, c.minute, c.second, (int)ms);
    memcpy(out, wide, 24);
    out[24] = '\0';
}
