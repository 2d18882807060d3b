#ifndef WIRE_XML_READER_H
#define WIRE_XML_READER_H
/* Reads one XML document of a service by expat: no DTD, no entities but the five, namespaces
 * ignored, depth and sizes bounded. The caller sees elements end, innermost first. */
#include <sigv4/status.h>

enum { S3__XML_MAX_DEPTH = 32, S3__XML_MAX_NAME = 64, S3__XML_MAX_TEXT = 65536 };

struct s3__xml_element {
    const char *name, *parent; /* without prefix; parent of the root: "" */
    size_t depth;              /* of the root: 1 */
    bool leaf;                 /* no elements inside */
    struct sigv4_slice text;   /* of a leaf, else empty; valid during the callback */
};
/* Non-zero ends the reading with that status. */
typedef int s3__xml_fn(void *ctx, const struct s3__xml_element *element);

struct s3__xml_document {
    struct sigv4_slice bytes;
    const char *root; /* what the root must be called; NULL: anything */
    s3__xml_fn *open; /* leaf and text not known yet; may be NULL */
    s3__xml_fn *close;
    void *ctx;
};
/* Errors: PROTOCOL (not XML, another root, a DTD, too deep, too long), NOMEM, what a callback
 * returned. */
int s3__xml_read(const struct s3__xml_document *document, const struct sigv4_alloc *alloc,
                 struct sigv4_error *err);

/* Writing: text with everything escaped that a reader would otherwise change. */
struct sigv4__buffer;
void s3__xml_escape(struct sigv4__buffer *out, struct sigv4_slice text);
void s3__xml_leaf(struct sigv4__buffer *out, const char *name, struct sigv4_slice text);
/* Can XML carry these bytes at all? It has no way to write most control characters, nor anything
 * but UTF-8. */
bool s3__xml_can_carry(struct sigv4_slice text);
#endif
