/* Answers of a few elements. */
#include "wire/outcome_xml.h"

#include "base/fail.h"
#include "base/moment.h"
#include "base/text.h"
#include "wire/checksum.h"
#include "wire/page_xml.h"
#include "wire/xml_reader.h"

static int copy_text(char *out, size_t cap, struct sigv4_slice text)
{
    if (text.len >= cap || (text.len && memchr(text.ptr, 0, text.len)))
        return SIGV4_E_PROTOCOL;
    if (text.len)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return SIGV4_OK;
}

static int take_checksum(struct s3__outcome *out, const struct s3__xml_element *element)
{
    for (int kind = S3_CHECKSUM_CRC32; kind <= S3_CHECKSUM_SHA256; kind++)
        if (strcmp(element->name, s3__checksum_element((enum s3_checksum)kind)) == 0) {
            out->checksum = (enum s3_checksum)kind;
            return copy_text(out->checksum_value, sizeof out->checksum_value, element->text);
        }
    return SIGV4_OK;
}

static int on_close(void *ctx, const struct s3__xml_element *element)
{
    struct s3__outcome *out = ctx;
    if (element->depth != 2 || !element->leaf)
        return SIGV4_OK;
    if (strcmp(element->name, "UploadId") == 0)
        return copy_text(out->upload_id, sizeof out->upload_id, element->text);
    if (strcmp(element->name, "ETag") == 0)
        return copy_text(out->etag, sizeof out->etag, s3__etag_bare(element->text));
    if (strcmp(element->name, "LastModified") == 0) {
        if (!sigv4__moment_parse_iso(element->text, &out->modified_unix_ms))
            out->modified_unix_ms = 0;
        return SIGV4_OK;
    }
    return take_checksum(out, element);
}

static int read_outcome(struct s3__outcome *out, const char *root, struct sigv4_slice body,
                        const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    memset(out, 0, sizeof *out);
    out->checksum = S3_CHECKSUM_NONE;
    struct s3__xml_document document = {body, root, NULL, on_close, out};
    return s3__xml_read(&document, alloc, err);
}

static int read_with_etag(struct s3__outcome *out, const char *root, struct sigv4_slice body,
                          const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    int status = read_outcome(out, root, body, alloc, err);
    if (status == SIGV4_OK && out->etag[0] == '\0')
        status = sigv4__fail(err, SIGV4_E_PROTOCOL, "unexpected XML in the answer: no ETag");
    return status;
}

int s3__outcome_initiate(struct s3__outcome *out, struct sigv4_slice body,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    int status = read_outcome(out, "InitiateMultipartUploadResult", body, alloc, err);
    if (status == SIGV4_OK && out->upload_id[0] == '\0')
        status = sigv4__fail(err, SIGV4_E_PROTOCOL, "unexpected XML in the answer: no UploadId");
    return status;
}

int s3__outcome_complete(struct s3__outcome *out, struct sigv4_slice body,
                         const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    return read_with_etag(out, "CompleteMultipartUploadResult", body, alloc, err);
}

int s3__outcome_copy_object(struct s3__outcome *out, struct sigv4_slice body,
                            const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    return read_with_etag(out, "CopyObjectResult", body, alloc, err);
}

int s3__outcome_copy_part(struct s3__outcome *out, struct sigv4_slice body,
                          const struct sigv4_alloc *alloc, struct sigv4_error *err)
{
    return read_with_etag(out, "CopyPartResult", body, alloc, err);
}

static int find_region(void *ctx, const struct s3__xml_element *element)
{
    if (element->depth == 2 && strcmp(element->name, "Region") == 0)
        return copy_text(ctx, 64, element->text);
    return SIGV4_OK;
}

void s3__error_region(struct sigv4_slice body, const struct sigv4_alloc *alloc, char out[64])
{
    out[0] = '\0';
    struct s3__xml_document document = {body, "Error", NULL, find_region, out};
    if (s3__xml_read(&document, alloc, NULL))
        out[0] = '\0';
}
