/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/xmlrec.h"

#include <expat.h>
#include <stdlib.h>

struct xmlrec {
    XML_Parser parser; /* owned */
    unsigned long salt;
    /* The record that is being read. */
    const struct str *keys;
    size_t key_count;
    const struct names *names;
    struct csv_arena *arena;
    struct values *out;
    enum vg_err err;
    char path[XMLREC_PATH_MAX];
    size_t path_len;                 /* over XMLREC_PATH_MAX: no name fits */
    size_t before[XMLREC_DEPTH_MAX]; /* path_len outside each open element */
    unsigned depth, elements;
    int slot; /* of the element whose text comes, -1 for none */
    size_t text_from;
};

static void
fail(struct xmlrec *x, enum vg_err err)
{
    x->err = err;
    XML_StopParser(x->parser, XML_FALSE);
}

static void
path_add(struct xmlrec *x, char mark, const char *name)
{
    size_t n = strlen(name), need;

    if (mark == '.' && x->path_len == 0)
        mark = '\0';
    need = x->path_len + (mark != '\0') + n;
    if (need <= XMLREC_PATH_MAX) {
        if (mark != '\0')
            x->path[x->path_len] = mark;
        memcpy(x->path + need - n, name, n);
    }
    x->path_len = need <= XMLREC_PATH_MAX ? need : XMLREC_PATH_MAX + 1;
}

static int
path_slot(const struct xmlrec *x)
{
    int slot =
        x->path_len <= XMLREC_PATH_MAX ? names_find(x->names, str_n(x->path, x->path_len)) : -1;

    return slot >= 0 && x->out->present[slot] ? -1 : slot;
}

static void
arena_put(struct xmlrec *x, const char *text, size_t n)
{
    if (n > x->arena->room - x->arena->len) {
        fail(x, VG_ERR_LIMIT);
        return;
    }
    memcpy(x->arena->data + x->arena->len, text, n);
    x->arena->len += n;
}

/* What the arena holds from `from` on becomes the value. */
static void
value_keep(struct xmlrec *x, int slot, size_t from)
{
    if (x->err != VG_OK || x->arena->len == from)
        return;
    x->out->value[slot] = slice_of(x->arena->data + from, x->arena->len - from);
    x->out->present[slot] = true;
}

static void
attributes_read(struct xmlrec *x, const char **pairs)
{
    size_t path_len = x->path_len;

    for (; pairs[0] != NULL && x->err == VG_OK; pairs += 2) {
        size_t from = x->arena->len;
        int slot;

        path_add(x, '@', pairs[0]);
        slot = path_slot(x);
        x->path_len = path_len;
        if (slot < 0)
            continue;
        arena_put(x, pairs[1], strlen(pairs[1]));
        value_keep(x, slot, from);
    }
}

static void XMLCALL
on_start(void *ctx, const char *name, const char **pairs)
{
    struct xmlrec *x = ctx;
    const char *prefix = strrchr(name, ':');

    if (x->depth == XMLREC_DEPTH_MAX || ++x->elements > XMLREC_ELEMENTS_MAX) {
        fail(x, VG_ERR_LIMIT);
        return;
    }
    x->before[x->depth++] = x->path_len;
    if (x->depth > 1) /* names are told within the record */
        path_add(x, '.', prefix != NULL ? prefix + 1 : name);
    for (size_t k = 0; k < x->key_count && x->depth > 1; k++)
        for (const char **p = pairs; p[0] != NULL; p += 2)
            if (str_is(x->keys[k], p[0]))
                path_add(x, '.', p[1]);
    attributes_read(x, pairs);
    x->slot = path_slot(x);
    x->text_from = x->arena->len;
}

static void XMLCALL
on_end(void *ctx, const char *name)
{
    struct xmlrec *x = ctx;

    (void)name;
    if (x->slot >= 0)
        value_keep(x, x->slot, x->text_from);
    x->slot = -1;
    x->path_len = x->before[--x->depth];
}

static void XMLCALL
on_text(void *ctx, const char *text, int n)
{
    struct xmlrec *x = ctx;

    if (x->slot >= 0 && n > 0)
        arena_put(x, text, (size_t)n);
}

enum vg_err
xmlrec_new(unsigned long salt, struct xmlrec **out)
{
    struct xmlrec *x = calloc(1, sizeof *x);

    if (x == NULL)
        return VG_ERR_NOMEM;
    x->parser = XML_ParserCreate("UTF-8");
    if (x->parser == NULL) {
        free(x);
        return VG_ERR_NOMEM;
    }
    x->salt = salt;
    *out = x;
    return VG_OK;
}

void
xmlrec_free(struct xmlrec *x)
{
    if (x == NULL)
        return;
    XML_ParserFree(x->parser);
    free(x);
}

enum vg_err
xmlrec_read(struct xmlrec *x, struct slice record, const struct str *keys, size_t key_count,
            const struct names *names, struct csv_arena *arena, struct values *out)
{
    if (XML_ParserReset(x->parser, "UTF-8") != XML_TRUE)
        return VG_ERR_NOMEM;
    *x = (struct xmlrec){.parser = x->parser,
                         .salt = x->salt,
                         .keys = keys,
                         .key_count = key_count,
                         .names = names,
                         .arena = arena,
                         .out = out,
                         .slot = -1};
    (void)XML_SetHashSalt(x->parser, x->salt);
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, on_start, on_end);
    XML_SetCharacterDataHandler(x->parser, on_text);
    if (XML_Parse(x->parser, (const char *)record.at, (int)record.left, 1) != XML_STATUS_OK)
        return x->err != VG_OK ? x->err : VG_ERR_FORMAT;
    return VG_OK;
}
