/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf_yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    const char *label;
    struct conf_error *err;
    unsigned nodes;
};

void
conf_node_free(struct conf_node *node)
{
    while (node != NULL) { /* recursion only into depth, which is capped */
        struct conf_node *next = node->next;

        conf_node_free(node->first);
        free(node->key);
        free(node->text);
        free(node);
        node = next;
    }
}

static enum vg_err
refuse(struct reader *r, size_t line, const char *what)
{
    r->err->line = (unsigned)line + 1;
    (void)snprintf(r->err->text, sizeof r->err->text, "%s:%zu: %s", r->label, line + 1, what);
    return VG_ERR_CONFIG;
}

static enum vg_err
next_event(struct reader *r, yaml_event_t *event)
{
    char what[320];

    if (yaml_parser_parse(&r->parser, event) == 1)
        return VG_OK;
    if (r->parser.error == YAML_MEMORY_ERROR)
        return VG_ERR_NOMEM;
    (void)snprintf(
        what, sizeof what, "not readable as YAML: %.120s%s",
        r->parser.problem != NULL ? r->parser.problem : "unknown reason",
        "; write spaces, not tabs, and quote texts that begin with one of @ ` % * & ! |");
    return refuse(r, r->parser.problem_mark.line, what);
}

/* What we leave out of YAML on purpose: anchors, aliases, tags. */
static const char *
unwanted(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        return "aliases (*name) are not used here: write the value again";
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL)
        return "anchors (&name) are not used here: write the value out";
    return tag != NULL ? "tags (!name) are not used here: remove it" : NULL;
}

static enum vg_err read_node(struct reader *r, yaml_event_t *event, unsigned depth,
                             struct conf_node **out);

static enum vg_err
fill_scalar(struct reader *r, const yaml_event_t *event, struct conf_node *node)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t n = event->data.scalar.length;

    if (memchr(value, '\0', n) != NULL)
        return refuse(r, event->start_mark.line, "a NUL byte inside a text");
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!node->quoted && (n == 0 || strcmp(value, "~") == 0 || strcmp(value, "null") == 0)) {
        node->kind = CONF_NODE_NOTHING;
        return VG_OK;
    }
    node->text = strdup(value);
    return node->text != NULL ? VG_OK : VG_ERR_NOMEM;
}

static bool
has_key(const struct conf_node *map, const char *key)
{
    for (const struct conf_node *n = map->first; n != NULL; n = n->next)
        if (strcmp(n->key, key) == 0)
            return true;
    return false;
}

/* Takes the key from the scalar event; the value comes next. */
static enum vg_err
read_key(struct reader *r, const yaml_event_t *event, const struct conf_node *map, char **key)
{
    const char *text = (const char *)event->data.scalar.value;
    char what[160];

    if (event->type != YAML_SCALAR_EVENT)
        return refuse(r, event->start_mark.line, "a key must be a word");
    if (strlen(text) != event->data.scalar.length)
        return refuse(r, event->start_mark.line, "a NUL byte inside a key");
    if (has_key(map, text)) {
        (void)snprintf(what, sizeof what, "'%.80s' stands here twice: keep one", text);
        return refuse(r, event->start_mark.line, what);
    }
    *key = strdup(text);
    return *key != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
fill_children(struct reader *r, struct conf_node *parent, unsigned depth)
{
    bool map = parent->kind == CONF_NODE_MAP;
    yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct conf_node **tail = &parent->first;
    enum vg_err err;

    for (;;) {
        yaml_event_t event;
        const char *bad;
        char *key = NULL;

        err = next_event(r, &event);
        if (err != VG_OK)
            return err;
        if (event.type == end) {
            yaml_event_delete(&event);
            return VG_OK;
        }
        bad = unwanted(&event);
        if (bad != NULL)
            err = refuse(r, event.start_mark.line, bad);
        else if (map)
            err = read_key(r, &event, parent, &key);
        if (map || err != VG_OK)
            yaml_event_delete(&event);
        if (map && err == VG_OK)
            err = next_event(r, &event);
        if (err == VG_OK) {
            err = read_node(r, &event, depth + 1, tail);
            yaml_event_delete(&event);
        }
        if (err != VG_OK) {
            free(key);
            return err;
        }
        (*tail)->key = key;
        tail = &(*tail)->next;
    }
}

/* Makes the node that `event` begins; children are read to their end. *out only on VG_OK. */
static enum vg_err
read_node(struct reader *r, yaml_event_t *event, unsigned depth, struct conf_node **out)
{
    const char *bad = unwanted(event);
    struct conf_node *node;
    enum vg_err err;

    if (bad != NULL)
        return refuse(r, event->start_mark.line, bad);
    if (depth > CONF_DEPTH_MAX)
        return refuse(r, event->start_mark.line, "nested too deeply");
    if (r->nodes++ >= CONF_NODES_MAX)
        return refuse(r, event->start_mark.line, "too many values in one file");
    node = calloc(1, sizeof *node);
    if (node == NULL)
        return VG_ERR_NOMEM;
    node->line = (unsigned)event->start_mark.line + 1;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        err = fill_scalar(r, event, node);
        break;
    case YAML_SEQUENCE_START_EVENT:
        node->kind = CONF_NODE_LIST;
        err = fill_children(r, node, depth);
        break;
    case YAML_MAPPING_START_EVENT:
        node->kind = CONF_NODE_MAP;
        err = fill_children(r, node, depth);
        break;
    default:
        err = refuse(r, event->start_mark.line, "a value is missing here");
    }
    if (err != VG_OK) {
        conf_node_free(node);
        return err;
    }
    *out = node;
    return VG_OK;
}

/* Stream start, document start, the value, document end, stream end; nothing else. */
static enum vg_err
read_document(struct reader *r, struct conf_node **out)
{
    struct conf_node *root = NULL;
    enum vg_err err = VG_OK;
    bool done = false;

    while (!done && err == VG_OK) {
        yaml_event_t event;

        err = next_event(r, &event);
        if (err != VG_OK)
            break;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root != NULL)
                err = refuse(r, event.start_mark.line, "a second document (---): keep one");
            break;
        case YAML_STREAM_END_EVENT:
            done = true;
            break;
        default:
            err = read_node(r, &event, 0, &root);
        }
        yaml_event_delete(&event);
    }
    if (err == VG_OK && root == NULL) {
        root = calloc(1, sizeof *root);
        if (root != NULL)
            root->kind = CONF_NODE_NOTHING;
        err = root != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    if (err != VG_OK) {
        conf_node_free(root);
        return err;
    }
    *out = root;
    return VG_OK;
}

enum vg_err
conf_yaml_read(const char *label, struct slice text, struct conf_node **out, struct conf_error *err)
{
    struct reader r = {.label = label, .err = err};
    enum vg_err result;

    if (text.bad || text.left > CONF_BYTES_MAX)
        return refuse(&r, 0, "the file is too large");
    if (yaml_parser_initialize(&r.parser) != 1)
        return VG_ERR_NOMEM;
    yaml_parser_set_input_string(&r.parser, text.at, text.left);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    result = read_document(&r, out);
    yaml_parser_delete(&r.parser);
    return result;
}
