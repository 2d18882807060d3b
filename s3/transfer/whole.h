#ifndef TRANSFER_WHOLE_H
#define TRANSFER_WHOLE_H
/* What an object must come out as when its parts are put together: the length, and as far as the
 * parts tell the CRC and the ETag. By it an object that is there is known to be ours. */
#include "wire/checksum.h"

#include <s3/client.h>

struct s3__part_record { /* etag NULL: not there yet */
    char *etag, *checksum;
    uint64_t length;
};

struct s3__whole {
    uint64_t length;
    enum s3_checksum checksum;
    char checksum_value[S3__CHECKSUM_TEXT_MAX]; /* "": not known, like the ETag */
    char etag[48];
};
/* checksum: the kind of the parts' values. */
void s3__whole_of_parts(struct s3__whole *whole, const struct sigv4_alloc *alloc,
                        enum s3_checksum checksum, const struct s3__part_record *parts,
                        uint32_t count);
/* Is the object that is there the one these parts make? */
bool s3__whole_is(const struct s3__whole *whole, const struct s3_result *found);
#endif
