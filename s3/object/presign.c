/* s3_presign. */
#include "base/fail.h"
#include "base/text.h"
#include "object/request.h"

static const char *known_method(struct sigv4_slice method)
{
    static const char *const methods[] = {"GET", "PUT", "HEAD", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (sigv4__equal_str(method, methods[i]))
            return methods[i];
    return NULL;
}

int s3_presign(struct s3_client *client, struct sigv4_slice method, const struct s3_at *what,
               uint32_t expires_seconds, struct sigv4_text *out, struct sigv4_error *err)
{
    struct s3__request r;
    const char *known = known_method(method);
    if (!known)
        return sigv4__fail(err, SIGV4_E_INVALID,
                           "a URL can be signed for GET, PUT, HEAD and DELETE");
    s3__request_init(&r, client, "presigned URL", known);
    int status = s3__request_object(&r, what, err);
    if (status == SIGV4_OK)
        status = s3__request_presign(&r, expires_seconds, out, err);
    s3__request_free(&r);
    return status;
}
