/* A small XML document as a tree; name spaces are dropped. Depth and size are bounded. */
#ifndef KLOCAL_XML_H
#define KLOCAL_XML_H

#include <stddef.h>

#include "text.h"

struct xml {
    char *name;
    struct text text;
    struct xml *children; /* in order */
    struct xml *next;
    struct xml *parent;
    struct xml *last;
};

struct xml *xml_parse(const char *bytes, size_t length); /* NULL: not well-formed */
void xml_free(struct xml *root);
const struct xml *xml_child(const struct xml *node, const char *name); /* NULL: absent */
const char *xml_child_text(const struct xml *node, const char *name);  /* NULL: absent */

#endif
