/* SPDX-License-Identifier: Apache-2.0 */
/* conf_yaml: YAML text to a small tree with line numbers; inner part of conf. */
#pragma once

#include "common/conf.h"

struct conf_node {
    enum { CONF_NODE_SCALAR, CONF_NODE_LIST, CONF_NODE_MAP, CONF_NODE_NOTHING } kind;
    unsigned line; /* 1-based */
    bool quoted;   /* a scalar in quotes: always text */
    char *key;     /* of an entry of a map, owned */
    char *text;    /* of a scalar, owned, never NULL there */
    struct conf_node *first, *next;
};

/* One document into a tree; conf_node_free(). VG_ERR_CONFIG with err->text, VG_ERR_NOMEM. */
enum vg_err conf_yaml_read(const char *label, struct slice text, struct conf_node **out,
                           struct conf_error *err) VG_MUST_CHECK;
void conf_node_free(struct conf_node *node);
