/* The version this library was built as. */
#include <kinesis/kinesis.h>

const char *kinesis_version(void)
{
    return KINESIS_VERSION;
}
