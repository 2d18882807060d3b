/* Reading the members of answers. */
#include "wire/json_members.h"

bool kinesis__json_text_or_null(struct kinesis__json *r, struct sigv4_slice *out)
{
    struct kinesis__json_string s;
    if (kinesis__json_null(r))
        return true;
    if (!kinesis__json_string(r, &s))
        return false;
    *out = kinesis__json_text(&s);
    return true;
}

bool kinesis__json_decimal_or_null(struct kinesis__json *r, int scale, int64_t *out)
{
    struct sigv4_slice number;
    if (kinesis__json_null(r))
        return true;
    if (!kinesis__json_number(r, &number))
        return false;
    return kinesis__json_decimal(number, scale, out) ||
           kinesis__json_refuse(r, "a number out of range");
}
