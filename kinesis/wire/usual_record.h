#ifndef KINESIS_WIRE_USUAL_RECORD_H
#define KINESIS_WIRE_USUAL_RECORD_H
/* A record in the one form in which the service writes it: members in its order, no blanks, no
 * escapes, ASCII. Nearly all records are read here, without looking at each name; what is written
 * in any other way is left to the scanner, which judges alone what is right and wrong. */
#include "wire/base64.h"
#include "wire/json_reader.h"

#include <kinesis/calls.h>

enum kinesis__usual {
    KINESIS__UNUSUAL, /* nothing was taken or changed */
    KINESIS__USUAL,   /* read, and r is behind it */
    KINESIS__SPOILT   /* its data is not base64; r says so */
};
/* r is before the record's bracket; out is zeroed. */
enum kinesis__usual kinesis__usual_record(struct kinesis__json *r,
                                          const struct kinesis__base64 *base64,
                                          struct kinesis_got_record *out);
#endif
