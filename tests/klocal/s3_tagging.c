/* Tags of objects: kept in the form of x-amz-tagging, a URL-encoded query. */
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "memory.h"
#include "percent.h"
#include "s3.h"
#include "xml.h"

#define TAGS_MAX 10

static struct object *find(struct s3_call *call)
{
    struct bucket *bucket = s3_bucket(call);
    if (bucket == NULL)
        return NULL;
    struct object *object = bucket_object(bucket, call->key, call->key_length);
    if (object == NULL) {
        text_put_element(&call->extra, "Key", call->key);
        s3_refuse(call, "NoSuchKey", NULL);
    }
    return object;
}

void s3_get_tagging(struct s3_call *call)
{
    const struct object *object = find(call);
    struct header_list tags = {0};
    if (object == NULL)
        return;
    canonical_split_query(header_find(&object->headers, "x-amz-tagging"), &tags);
    s3_open_xml(call, "Tagging");
    text_puts(call->out, "<TagSet>");
    for (size_t i = 0; i < tags.count; i++) {
        text_puts(call->out, "<Tag>");
        text_put_element(call->out, "Key", tags.items[i].name);
        text_put_element(call->out, "Value", tags.items[i].value);
        text_puts(call->out, "</Tag>");
    }
    text_puts(call->out, "</TagSet></Tagging>");
    header_list_free(&tags);
}

static void set_tags(struct object *object, const char *tags)
{
    for (size_t i = 0; i < object->headers.count; i++) {
        struct header *item = &object->headers.items[i];
        if (strcmp(item->name, "x-amz-tagging") == 0) {
            free(item->value);
            item->value = memory_string(tags);
            return;
        }
    }
    header_list_add(&object->headers, "x-amz-tagging", tags);
}

/* NULL when the document is not <Tagging><TagSet><Tag><Key/><Value/></Tag>... The caller frees. */
static char *read_tags(const struct xml *root)
{
    const struct xml *set = root == NULL ? NULL : xml_child(root, "TagSet");
    struct text out = {0};
    unsigned count = 0;
    if (set == NULL || strcmp(root->name, "Tagging") != 0)
        return NULL;
    for (const struct xml *tag = set->children; tag != NULL; tag = tag->next) {
        const char *key = xml_child_text(tag, "Key"), *value = xml_child_text(tag, "Value");
        if (key == NULL || value == NULL || strcmp(tag->name, "Tag") != 0 || ++count > TAGS_MAX) {
            text_free(&out);
            return NULL;
        }
        text_puts(&out, count > 1 ? "&" : "");
        percent_encode(&out, key, strlen(key), false);
        text_putc(&out, '=');
        percent_encode(&out, value, strlen(value), false);
    }
    return text_take(&out);
}

void s3_put_tagging(struct s3_call *call)
{
    const struct body *body = &call->request->body;
    struct object *object = find(call);
    if (object == NULL)
        return;
    struct xml *root = xml_parse(body_string(body), (size_t)body->length);
    char *tags = read_tags(root);
    if (tags == NULL)
        s3_refuse(call, "MalformedXML", NULL);
    else
        set_tags(object, tags);
    free(tags);
    xml_free(root);
}

void s3_delete_tagging(struct s3_call *call)
{
    struct object *object = find(call);
    if (object == NULL)
        return;
    set_tags(object, "");
    call->request->response.status = 204;
}
