/* SPDX-License-Identifier: Apache-2.0 */
/* conf: YAML 1.1 text by libyaml, checked against a schema table, as a JSON tree with defaults.
 *
 * Used for the programs' configuration and for every file under rules/. Every error names file and
 * line and says what to write instead. Unknown keys, duplicate keys, anchors, aliases, tags and a
 * second document are refused. Plain scalars: true/false (only these) are booleans, base-ten
 * integers and decimals are numbers where the schema wants one; all else is text, so `no`, `010`
 * and `12:30` are never surprises. Caps: CONF_BYTES_MAX, CONF_DEPTH_MAX, CONF_NODES_MAX. */
#pragma once

#include "common/json.h"

enum { CONF_BYTES_MAX = 1024 * 1024, CONF_DEPTH_MAX = 12, CONF_NODES_MAX = 100000 };

enum conf_type {
    CONF_TEXT,     /* min..max: length in bytes */
    CONF_BOOL,     /* */
    CONF_INT,      /* min..max */
    CONF_REAL,     /* min..max */
    CONF_SIZE,     /* "512 MiB", "64 KiB", "10 GiB" or a number of bytes; becomes an integer */
    CONF_DURATION, /* "90s" "15m" "6h" "7d" "2w"; becomes integer nanoseconds */
    CONF_CHOICE,   /* one of `choices`, NULL-ended */
    CONF_MAP,      /* `fields` */
    CONF_DICT,     /* any keys; every value as `item` */
    CONF_LIST,     /* every element as `item`; min..max elements; a lone scalar is a list of one */
    CONF_ANY,      /* taken as it stands: scalars by their plain look */
};

struct conf_field {
    const char *key; /* NULL ends a table */
    enum conf_type type;
    bool required;
    const char *fallback; /* YAML text of the default, NULL: absent stays absent */
    double min, max;      /* both 0: no limit */
    const char *const *choices;
    const struct conf_field *fields; /* of a CONF_MAP */
    const struct conf_field *item;   /* of a CONF_DICT or CONF_LIST: one entry, its key ignored */
    const char *example;             /* what to write, shown in errors: "shop: {name: Tacos}" */
    /* A check of its own for a text; writes what is wrong into why[160]. May be NULL. */
    bool (*check)(const char *text, char why[160]);
};

struct conf_error {
    char text[512]; /* "agent.yaml:12: payments[0].path: ... ; write: ..." complete, for people */
    unsigned line;
};

/* `label` names the file in errors. On VG_OK *out is the caller's (json_decref); every field with
 * a fallback is there. VG_ERR_CONFIG with err->text filled; VG_ERR_NOMEM. */
enum vg_err conf_parse(const char *label, struct slice text, const struct conf_field *schema,
                       json_t **out, struct conf_error *err) VG_MUST_CHECK;
/* The same from a file; VG_ERR_NOENT or VG_ERR_SYS (err->text filled) where it cannot be read. */
enum vg_err conf_load(const char *path, const struct conf_field *schema, json_t **out,
                      struct conf_error *err) VG_MUST_CHECK;
