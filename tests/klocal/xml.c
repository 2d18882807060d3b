/* Reading small XML documents with expat. */
#include "xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define DEPTH_MAX 16

struct parse {
    XML_Parser parser;
    struct xml *root;
    struct xml *current;
    int depth;
};

static void on_start(void *cls, const char *name, const char **attributes)
{
    struct parse *parse = cls;
    const char *colon = strrchr(name, ':');
    (void)attributes;
    if (++parse->depth > DEPTH_MAX) {
        XML_StopParser(parse->parser, XML_FALSE);
        return;
    }
    struct xml *node = memory_take(1, sizeof *node);
    node->name = memory_string(colon != NULL ? colon + 1 : name);
    node->parent = parse->current;
    if (parse->current == NULL)
        parse->root = node;
    else if (parse->current->last == NULL)
        parse->current->children = node;
    else
        parse->current->last->next = node;
    if (parse->current != NULL)
        parse->current->last = node;
    parse->current = node;
}

static void on_end(void *cls, const char *name)
{
    struct parse *parse = cls;
    (void)name;
    parse->depth--;
    parse->current = parse->current->parent;
}

static void on_text(void *cls, const char *bytes, int length)
{
    struct parse *parse = cls;
    if (parse->current != NULL)
        text_add(&parse->current->text, bytes, (size_t)length);
}

static void on_doctype(void *cls, const char *name, const char *system, const char *public,
                       int internal)
{
    struct parse *parse = cls;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    XML_StopParser(parse->parser, XML_FALSE); /* no entities here */
}

struct xml *xml_parse(const char *bytes, size_t length)
{
    struct parse parse = {.parser = XML_ParserCreate(NULL)};
    XML_SetUserData(parse.parser, &parse);
    XML_SetElementHandler(parse.parser, on_start, on_end);
    XML_SetCharacterDataHandler(parse.parser, on_text);
    XML_SetStartDoctypeDeclHandler(parse.parser, on_doctype);
    enum XML_Status status = XML_Parse(parse.parser, bytes, (int)length, XML_TRUE);
    XML_ParserFree(parse.parser);
    if (status == XML_STATUS_OK)
        return parse.root;
    xml_free(parse.root);
    return NULL;
}

void xml_free(struct xml *root)
{
    while (root != NULL) {
        struct xml *next = root->next;
        xml_free(root->children);
        free(root->name);
        text_free(&root->text);
        free(root);
        root = next;
    }
}

const struct xml *xml_child(const struct xml *node, const char *name)
{
    for (const struct xml *child = node->children; child != NULL; child = child->next)
        if (strcmp(child->name, name) == 0)
            return child;
    return NULL;
}

const char *xml_child_text(const struct xml *node, const char *name)
{
    const struct xml *child = xml_child(node, name);
    return child == NULL ? NULL : text_string(&child->text);
}
