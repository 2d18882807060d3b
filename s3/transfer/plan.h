#ifndef TRANSFER_PLAN_H
#define TRANSFER_PLAN_H
/* How a length is cut into parts. Pure. */
#include <s3/multipart.h>

enum { S3__USUAL_PART_SIZE = 8 << 20 };
struct s3__plan {
    uint64_t length, part_size;
    uint32_t count; /* at least 1: nothing is one empty part */
};
/* Parts of the size asked for (0: 8 MiB), or as much larger as it takes that max_parts suffice;
 * then a multiple of 1 MiB. Errors: TOO_LARGE (more than max_parts of 5 GiB). */
int s3__plan_make(struct s3__plan *plan, uint64_t length, uint64_t asked, uint32_t max_parts);
/* index from 0. */
uint64_t s3__plan_offset(const struct s3__plan *plan, uint32_t index);
uint64_t s3__plan_size(const struct s3__plan *plan, uint32_t index);
#endif
