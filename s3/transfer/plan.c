/* Cutting into parts. */
#include "transfer/plan.h"

#include <s3/transfer.h>

enum { MIB = 1 << 20, PARTS_OF_ONE_SIZE = 500 };

static uint64_t divide_up(uint64_t n, uint64_t by)
{
    return n / by + (n % by != 0);
}

int s3__plan_make(struct s3__plan *plan, uint64_t length, uint64_t asked, uint32_t max_parts)
{
    uint64_t part_size = asked ? asked : S3__USUAL_PART_SIZE;
    if (part_size > S3_MAX_PART_SIZE)
        part_size = S3_MAX_PART_SIZE;
    if (divide_up(length, part_size) > max_parts)
        part_size = divide_up(divide_up(length, max_parts), MIB) * MIB;
    if (part_size > S3_MAX_PART_SIZE)
        return SIGV4_E_TOO_LARGE;
    plan->length = length;
    plan->part_size = part_size;
    plan->count = length ? (uint32_t)divide_up(length, part_size) : 1;
    return SIGV4_OK;
}

uint64_t s3__plan_offset(const struct s3__plan *plan, uint32_t index)
{
    return plan->part_size * index;
}

uint64_t s3__plan_size(const struct s3__plan *plan, uint32_t index)
{
    uint64_t left = plan->length - s3__plan_offset(plan, index);
    return left < plan->part_size ? left : plan->part_size;
}

/* Twice as large after each 500 parts: 8 MiB up to 4 GiB, 64 MiB up to 60 GiB, and 28 TiB in all.
 */
uint64_t s3_stream_part_size(uint64_t first_part_size, uint32_t number)
{
    uint64_t size = first_part_size ? first_part_size : S3__USUAL_PART_SIZE;
    for (uint32_t n = number ? (number - 1) / PARTS_OF_ONE_SIZE : 0; n && size < S3_MAX_PART_SIZE;
         n--)
        size *= 2;
    return size < S3_MAX_PART_SIZE ? size : S3_MAX_PART_SIZE;
}
