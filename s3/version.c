/* The version this library was built as. */
#include <s3/s3.h>

const char *s3_version(void)
{
    return S3_VERSION;
}
