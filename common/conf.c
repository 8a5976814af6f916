/* SPDX-License-Identifier: Apache-2.0 */
/* conf: schema checks over the tree that conf_yaml.c reads. */
#include "common/conf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_yaml.h"
#include "common/vtime.h"

enum { PATH_MAX_BYTES = 200 };

struct check {
    const char *label;
    struct conf_error *err;
};

/* Where we are, as people write it: "payments[0].path". */
struct place {
    char text[PATH_MAX_BYTES];
};

static struct place
below(const struct place *at, const char *key)
{
    struct place p;

    (void)snprintf(p.text, sizeof p.text, "%.120s%s%.70s", at->text, at->text[0] != '\0' ? "." : "",
                   key);
    return p;
}

static struct place
element(const struct place *at, size_t index)
{
    struct place p;

    (void)snprintf(p.text, sizeof p.text, "%.180s[%zu]", at->text, index);
    return p;
}

/* Writes the whole error; `field` gives the example of what to write. */
static enum vg_err VG_PRINTF(5, 6)
    wrong(const struct check *c, unsigned line, const struct place *at,
          const struct conf_field *field, const char *fmt, ...)
{
    char what[256];
    const char *example = field != NULL ? field->example : NULL;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    c->err->line = line;
    (void)snprintf(c->err->text, sizeof c->err->text, "%s:%u: %s%s%s%s%s", c->label, line,
                   at->text[0] != '\0' ? at->text : "(top)", ": ", what,
                   example != NULL ? "; write for example: " : "", example != NULL ? example : "");
    return VG_ERR_CONFIG;
}

static enum vg_err check_value(const struct check *c, const struct conf_node *node,
                               const struct conf_field *field, const struct place *at,
                               json_t **out);

static const char *
kind_of(const struct conf_node *node)
{
    static const char *const words[] = {"text", "a list", "keys and values", "nothing"};

    return words[node->kind];
}

static bool
in_range(const struct conf_field *f, double v)
{
    return (f->min == 0 && f->max == 0) || (v >= f->min && v <= f->max);
}

/* A whole decimal number without leading zeros or signs other than '-'. */
static bool
parse_int(const char *text, int64_t *out)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t n = strspn(digits, "0123456789");

    if (n == 0 || n > 18 || digits[n] != '\0' || (n > 1 && digits[0] == '0'))
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

static bool
parse_real(const char *text, double *out)
{
    char *end;

    if (text[0] == '\0' || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool
parse_size(const char *text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {{"", 1},      {"B", 1},        {"KiB", 1024},    {"MiB", 1048576},
                 {"kB", 1000}, {"MB", 1000000}, {"GiB", 1 << 30}, {"GB", 1000000000},
                 {"K", 1024},  {"M", 1048576},  {"G", 1 << 30}};
    char *end;
    double v;

    if (text[0] < '0' || text[0] > '9')
        return false;
    v = strtod(text, &end);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < VG_ARRAY_LEN(units); i++) {
        if (strcmp(end, units[i].unit) != 0)
            continue;
        if (v * (double)units[i].bytes > 9e15)
            return false;
        *out = (int64_t)(v * (double)units[i].bytes);
        return true;
    }
    return false;
}

static enum vg_err
check_text(const struct check *c, const struct conf_node *node, const struct conf_field *f,
           const struct place *at, json_t **out)
{
    size_t n = strlen(node->text);
    char why[160] = "";

    if (!in_range(f, (double)n) && f->min > 0 && n < (size_t)f->min)
        return wrong(c, node->line, at, f, "is empty or too short");
    if (!in_range(f, (double)n))
        return wrong(c, node->line, at, f, "is longer than %.0f characters", f->max);
    if (f->check != NULL && !f->check(node->text, why))
        return wrong(c, node->line, at, f, "%s", why);
    *out = json_string(node->text);
    if (*out == NULL)
        return wrong(c, node->line, at, f, "is not valid UTF-8");
    return VG_OK;
}

static enum vg_err
check_choice(const struct check *c, const struct conf_node *node, const struct conf_field *f,
             const struct place *at, json_t **out)
{
    char all[160] = "";
    size_t used = 0;

    for (size_t i = 0; f->choices[i] != NULL; i++) {
        if (strcmp(node->text, f->choices[i]) == 0) {
            *out = json_string(node->text);
            return *out != NULL ? VG_OK : VG_ERR_NOMEM;
        }
        if (used < sizeof all)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "",
                                     f->choices[i]);
    }
    return wrong(c, node->line, at, f, "'%.60s' is none of: %s", node->text, all);
}

static enum vg_err
check_number(const struct check *c, const struct conf_node *node, const struct conf_field *f,
             const struct place *at, json_t **out)
{
    int64_t i = 0;
    double r = 0;

    switch (f->type) {
    case CONF_INT:
        if (!parse_int(node->text, &i))
            return wrong(c, node->line, at, f, "'%.60s' is not a whole number", node->text);
        break;
    case CONF_SIZE:
        if (!parse_size(node->text, &i))
            return wrong(c, node->line, at, f, "'%.60s' is not a size such as 512 MiB", node->text);
        break;
    case CONF_DURATION:
        if (vtime_parse_duration(node->text, &i) != VG_OK)
            return wrong(c, node->line, at, f, "'%.60s' is not a time such as 90s, 15m, 6h, 7d, 2w",
                         node->text);
        break;
    default:
        if (!parse_real(node->text, &r))
            return wrong(c, node->line, at, f, "'%.60s' is not a number", node->text);
    }
    if (f->type != CONF_REAL)
        r = (double)i;
    if (!in_range(f, r))
        return wrong(c, node->line, at, f, "'%.60s' is outside %g to %g", node->text, f->min,
                     f->max);
    *out = f->type == CONF_REAL ? json_real(r) : json_integer(i);
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
check_bool(const struct check *c, const struct conf_node *node, const struct conf_field *f,
           const struct place *at, json_t **out)
{
    bool yes = strcmp(node->text, "true") == 0;

    if (!yes && strcmp(node->text, "false") != 0)
        return wrong(c, node->line, at, f, "'%.60s' is neither true nor false", node->text);
    *out = json_boolean(yes);
    return VG_OK;
}

/* "1.5", "-0.25"; not "010", not "1.", not "2026-11-22". */
static bool
looks_decimal(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t whole = strspn(digits, "0123456789");

    if (whole == 0 || (whole > 1 && digits[0] == '0') || digits[whole] != '.')
        return false;
    return digits[whole + 1] != '\0' &&
           strspn(digits + whole + 1, "0123456789") == strlen(digits + whole + 1);
}

/* A scalar as it looks, when the schema does not care. */
static json_t *
plain(const struct conf_node *node)
{
    int64_t i;
    double r;

    if (node->quoted)
        return json_string(node->text);
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        return json_boolean(node->text[0] == 't');
    if (parse_int(node->text, &i))
        return json_integer(i);
    if (looks_decimal(node->text) && parse_real(node->text, &r))
        return json_real(r);
    return json_string(node->text);
}

static enum vg_err
check_any(const struct check *c, const struct conf_node *node, const struct place *at, json_t **out)
{
    enum vg_err err = VG_OK;
    json_t *made = NULL;

    if (node->kind == CONF_NODE_SCALAR)
        made = plain(node);
    else if (node->kind == CONF_NODE_NOTHING)
        made = json_null();
    else
        made = node->kind == CONF_NODE_LIST ? json_array() : json_object();
    if (made == NULL)
        return wrong(c, node->line, at, NULL, "is not valid UTF-8");
    for (const struct conf_node *n = node->first; n != NULL && err == VG_OK; n = n->next) {
        json_t *child = NULL;

        err = check_any(c, n, at, &child);
        if (err == VG_OK && node->kind == CONF_NODE_LIST)
            err = json_array_append_new(made, child) == 0 ? VG_OK : VG_ERR_NOMEM;
        else if (err == VG_OK)
            err = json_object_set_new(made, n->key, child) == 0 ? VG_OK : VG_ERR_NOMEM;
    }
    if (err != VG_OK) {
        json_decref(made);
        return err;
    }
    *out = made;
    return VG_OK;
}

static enum vg_err
check_list(const struct check *c, const struct conf_node *node, const struct conf_field *f,
           const struct place *at, json_t **out)
{
    json_t *list = json_array(), *value = NULL;
    enum vg_err err = list != NULL ? VG_OK : VG_ERR_NOMEM;
    size_t n = 0;

    if (err == VG_OK && node->kind == CONF_NODE_SCALAR) {
        err = check_value(c, node, f->item, at, &value);
        if (err == VG_OK && json_array_append_new(list, value) != 0)
            err = VG_ERR_NOMEM;
        n = 1;
    }
    for (const struct conf_node *e = node->first; e != NULL && err == VG_OK; e = e->next, n++) {
        struct place there = element(at, n);

        err = check_value(c, e, f->item, &there, &value);
        if (err == VG_OK && json_array_append_new(list, value) != 0)
            err = VG_ERR_NOMEM;
    }
    if (err == VG_OK && !in_range(f, (double)n))
        err =
            wrong(c, node->line, at, f, "has %zu entries; %g to %g are allowed", n, f->min, f->max);
    if (err != VG_OK) {
        json_decref(list);
        return err;
    }
    *out = list;
    return VG_OK;
}

static const struct conf_field *
field_named(const struct conf_field *fields, const char *key)
{
    for (; fields->key != NULL; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

static enum vg_err
unknown_key(const struct check *c, const struct conf_node *node, const struct conf_field *fields,
            const struct place *at)
{
    char all[240] = "";
    size_t used = 0;

    for (; fields->key != NULL && used < sizeof all; fields++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "",
                                 fields->key);
    return wrong(c, node->line, at, NULL, "'%.60s' is unknown here; known are: %s", node->key, all);
}

/* The default of a field that is absent, read from its YAML text by the same checks. */
static enum vg_err
set_fallback(const struct check *c, const struct conf_field *f, const struct place *at, json_t *map)
{
    struct conf_node *node = NULL;
    json_t *value = NULL;
    enum vg_err err;

    err = conf_yaml_read("(default)", slice_of(f->fallback, strlen(f->fallback)), &node, c->err);
    if (err == VG_OK)
        err = check_value(c, node, f, at, &value);
    conf_node_free(node);
    if (err == VG_OK && json_object_set_new(map, f->key, value) != 0)
        err = VG_ERR_NOMEM;
    return err;
}

static enum vg_err
fill_absent(const struct check *c, const struct conf_node *node, const struct conf_field *fields,
            const struct place *at, json_t *map)
{
    for (const struct conf_field *f = fields; f->key != NULL; f++) {
        struct place there = below(at, f->key);
        enum vg_err err = VG_OK;

        if (json_object_get(map, f->key) != NULL)
            continue;
        if (f->required)
            return wrong(c, node->line, &there, f, "is missing");
        if (f->fallback != NULL)
            err = set_fallback(c, f, &there, map);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
check_map(const struct check *c, const struct conf_node *node, const struct conf_field *f,
          const struct place *at, json_t **out)
{
    json_t *map = json_object();
    enum vg_err err = map != NULL ? VG_OK : VG_ERR_NOMEM;

    for (const struct conf_node *n = node->first; n != NULL && err == VG_OK; n = n->next) {
        const struct conf_field *inner =
            f->type == CONF_DICT ? f->item : field_named(f->fields, n->key);
        struct place there = below(at, n->key);
        json_t *value = NULL;

        if (inner == NULL) {
            err = unknown_key(c, n, f->fields, at);
            break;
        }
        if (n->kind == CONF_NODE_NOTHING && inner->type != CONF_ANY && !inner->required)
            continue; /* "key:" with nothing behind it is as good as absent */
        err = check_value(c, n, inner, &there, &value);
        if (err == VG_OK && json_object_set_new(map, n->key, value) != 0)
            err = VG_ERR_NOMEM;
    }
    if (err == VG_OK && f->type == CONF_MAP)
        err = fill_absent(c, node, f->fields, at, map);
    if (err != VG_OK) {
        json_decref(map);
        return err;
    }
    *out = map;
    return VG_OK;
}

static enum vg_err
check_value(const struct check *c, const struct conf_node *node, const struct conf_field *field,
            const struct place *at, json_t **out)
{
    bool wants_map = field->type == CONF_MAP || field->type == CONF_DICT;

    if (field->type == CONF_ANY)
        return check_any(c, node, at, out);
    if (wants_map && node->kind != CONF_NODE_MAP)
        return wrong(c, node->line, at, field, "wants keys and values here, not %s", kind_of(node));
    if (wants_map)
        return check_map(c, node, field, at, out);
    if (field->type == CONF_LIST) {
        if (node->kind != CONF_NODE_LIST && node->kind != CONF_NODE_SCALAR)
            return wrong(c, node->line, at, field, "wants a list, not %s", kind_of(node));
        return check_list(c, node, field, at, out);
    }
    if (node->kind != CONF_NODE_SCALAR)
        return wrong(c, node->line, at, field, "wants one value, not %s", kind_of(node));
    switch (field->type) {
    case CONF_TEXT:
        return check_text(c, node, field, at, out);
    case CONF_CHOICE:
        return check_choice(c, node, field, at, out);
    case CONF_BOOL:
        return check_bool(c, node, field, at, out);
    default:
        return check_number(c, node, field, at, out);
    }
}

enum vg_err
conf_parse(const char *label, struct slice text, const struct conf_field *schema, json_t **out,
           struct conf_error *err)
{
    const struct conf_field top = {.type = CONF_MAP, .fields = schema};
    const struct check c = {.label = label, .err = err};
    const struct place at = {""};
    struct conf_node *root = NULL;
    enum vg_err result;

    *err = (struct conf_error){.line = 0};
    result = conf_yaml_read(label, text, &root, err);
    if (result != VG_OK)
        return result;
    if (root->kind == CONF_NODE_NOTHING)
        root->kind = CONF_NODE_MAP; /* an empty file: all defaults */
    result = check_value(&c, root, &top, &at, out);
    conf_node_free(root);
    return result;
}

enum vg_err
conf_load(const char *path, const struct conf_field *schema, json_t **out, struct conf_error *err)
{
    FILE *f = fopen(path, "rb");
    uint8_t chunk[8192];
    enum vg_err result;
    struct buf text;
    size_t n;

    *err = (struct conf_error){.line = 0};
    if (f == NULL) {
        (void)snprintf(err->text, sizeof err->text, "%s: cannot be opened", path);
        return VG_ERR_NOENT;
    }
    buf_init(&text, CONF_BYTES_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0 && !text.bad)
        buf_put(&text, chunk, n);
    n = ferror(f) != 0;
    (void)fclose(f);
    if (n != 0) {
        (void)snprintf(err->text, sizeof err->text, "%s: cannot be read", path);
        result = VG_ERR_SYS;
    } else if (text.bad) {
        (void)snprintf(err->text, sizeof err->text, "%s: is larger than %d bytes", path,
                       CONF_BYTES_MAX);
        result = VG_ERR_CONFIG;
    } else {
        result = conf_parse(path, buf_slice(&text), schema, out, err);
    }
    buf_done(&text);
    return result;
}
