/* The list of parts that makes an object. */
#include "wire/multipart_xml.h"

#include "wire/checksum.h"
#include "wire/xml_reader.h"

static void write_part(struct sigv4__buffer *out, const struct s3_part *part,
                       enum s3_checksum checksum)
{
    sigv4__buffer_format(out, "<Part><PartNumber>%u</PartNumber><ETag>&quot;", part->number);
    s3__xml_escape(out, part->etag);
    sigv4__buffer_str(out, "&quot;</ETag>");
    if (part->checksum_value.len && s3__checksum_element(checksum)[0])
        s3__xml_leaf(out, s3__checksum_element(checksum), part->checksum_value);
    sigv4__buffer_str(out, "</Part>");
}

int s3__complete_write(struct sigv4__buffer *out, const struct s3_part *parts, size_t count,
                       enum s3_checksum checksum)
{
    if (count == 0 || count > S3_MAX_PARTS)
        return SIGV4_E_INVALID;
    for (size_t i = 0; i < count; i++) {
        uint32_t before = i ? parts[i - 1].number : 0;
        if (parts[i].number <= before || parts[i].number > S3_MAX_PARTS || parts[i].etag.len == 0)
            return SIGV4_E_INVALID;
    }
    sigv4__buffer_str(
        out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < count; i++)
        write_part(out, &parts[i], checksum);
    sigv4__buffer_str(out, "</CompleteMultipartUpload>");
    return out->failed;
}
