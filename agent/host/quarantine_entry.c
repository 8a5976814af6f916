/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host/quarantine_private.h"
#include "common/hex.h"

enum { ID_DIGITS = QUARANTINE_ID_SIZE - 1 };

bool
quarantine_id_fine(const char *id)
{
    return strlen(id) == ID_DIGITS && strspn(id, "0123456789abcdef") == ID_DIGITS;
}

void
quarantine_path(const struct quarantine *q, const char *name, const char *suffix,
                char out[QUARANTINE_FILE_MAX])
{
    (void)snprintf(out, QUARANTINE_FILE_MAX, "%s/%.40s%s", q->dir, name, suffix);
}

bool
quarantine_name_of(const char *name, char id[QUARANTINE_ID_SIZE], bool *pending)
{
    if (strlen(name) < ID_DIGITS)
        return false;
    (void)vg_strcpy(id, QUARANTINE_ID_SIZE, name);
    *pending = strcmp(name + ID_DIGITS, ".pending") == 0;
    return quarantine_id_fine(id) && (*pending || strcmp(name + ID_DIGITS, ".sealed") == 0);
}

enum vg_err
quarantine_names(const struct quarantine *q, struct platform_names *out)
{
    return platform_folder_list(q->dir, 2 * QUARANTINE_FILES_MAX, out);
}

/* ---- the head ---- */

enum vg_err
quarantine_head_put(const struct quarantine_entry *e, struct buf *out)
{
    buf_put_str(out, "{");
    vg_json_put_int(out, "v", 1);
    vg_json_put_str(out, "id", e->id, strlen(e->id));
    vg_json_put_key(out, "path");
    buf_put_str(out, "\"");
    hex_append(e->path, strlen(e->path), out);
    buf_put_str(out, "\"");
    vg_json_put_int(out, "volume", (int64_t)e->stat.identity.volume);
    vg_json_put_int(out, "file", (int64_t)e->stat.identity.file);
    vg_json_put_int(out, "size", (int64_t)e->stat.size);
    vg_json_put_int(out, "modified", e->stat.modified_ns);
    vg_json_put_int(out, "changed", e->stat.changed_ns);
    vg_json_put_int(out, "used", e->dress.used_ns);
    vg_json_put_int(out, "owner", e->dress.owner);
    vg_json_put_int(out, "group", e->dress.group);
    vg_json_put_int(out, "mode", e->dress.mode);
    vg_json_put_str(out, "sha256", e->sha256, strlen(e->sha256));
    vg_json_put_str(out, "rule", e->rule, strlen(e->rule));
    vg_json_put_int(out, "severity", e->severity);
    vg_json_put_int(out, "sealed", e->sealed_ns);
    buf_put_str(out, "}");
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

static enum vg_err
head_get(struct slice text, struct quarantine_entry *e)
{
    json_t *head;
    int64_t severity;
    enum vg_err err = vg_json_parse(text, SEALED_HEAD_MAX, &head);

    if (err != VG_OK)
        return err;
    err = hex_text(vg_json_str(head, "path", ""), e->path, sizeof e->path);
    if (err == VG_OK && (e->path[0] != '/' || strcmp(vg_json_str(head, "id", ""), e->id) != 0))
        err = VG_ERR_DENIED;
    e->stat = (struct platform_stat){
        .identity = {.volume = (uint64_t)vg_json_int(head, "volume", 0),
                     .file = (uint64_t)vg_json_int(head, "file", 0)},
        .size = (uint64_t)vg_json_int(head, "size", 0),
        .modified_ns = vg_json_int(head, "modified", 0),
        .changed_ns = vg_json_int(head, "changed", 0),
        .regular = true,
    };
    e->dress = (struct platform_dress){
        .owner = (uint32_t)vg_json_int(head, "owner", 0),
        .group = (uint32_t)vg_json_int(head, "group", 0),
        .mode = (uint32_t)vg_json_int(head, "mode", 0),
        .names = 1,
        .modified_ns = e->stat.modified_ns,
        .used_ns = vg_json_int(head, "used", 0),
    };
    e->stat.owner = e->dress.owner;
    (void)vg_strcpy(e->sha256, sizeof e->sha256, vg_json_str(head, "sha256", ""));
    (void)vg_strcpy(e->rule, sizeof e->rule, vg_json_str(head, "rule", ""));
    severity = vg_json_int(head, "severity", 0);
    e->severity = severity >= SEVERITY_INFO && severity <= SEVERITY_CRITICAL
                      ? (enum severity)severity
                      : SEVERITY_MEDIUM;
    e->sealed_ns = vg_json_int(head, "sealed", 0);
    json_decref(head);
    return err;
}

enum vg_err
quarantine_entry_open(const struct quarantine *q, const char *id, bool pending,
                      struct quarantine_entry *out, struct sealed **content, platform_file *file)
{
    char path[QUARANTINE_FILE_MAX];
    struct buf head;
    struct sealed *s;
    platform_file f;
    enum vg_err err;

    *out = (struct quarantine_entry){.pending = pending};
    (void)vg_strcpy(out->id, sizeof out->id, id);
    quarantine_path(q, id, pending ? ".pending" : ".sealed", path);
    err = platform_file_open(path, &f);
    if (err != VG_OK)
        return err;
    err = sealed_open(q->key, f, &head, &s);
    if (err == VG_OK) {
        err = head_get(buf_slice(&head), out);
        buf_done(&head);
        if (err == VG_OK && content != NULL) {
            *content = s;
            *file = f;
            return VG_OK;
        }
        sealed_free(s);
    }
    platform_file_close(f);
    return err;
}

/* ---- finding ---- */

enum vg_err
quarantine_find(struct quarantine *q, const char *id, struct quarantine_entry *out)
{
    enum vg_err err;

    if (!quarantine_id_fine(id))
        return VG_ERR_NOENT;
    err = quarantine_entry_open(q, id, false, out, NULL, NULL);
    return err == VG_ERR_NOENT ? quarantine_entry_open(q, id, true, out, NULL, NULL) : err;
}

struct listed {
    int64_t sealed_ns;
    char id[QUARANTINE_ID_SIZE];
    bool pending;
};

static int
by_age(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;

    if (x->sealed_ns != y->sealed_ns)
        return x->sealed_ns < y->sealed_ns ? -1 : 1;
    return strcmp(x->id, y->id);
}

static size_t
collect(struct quarantine *q, const struct platform_names *names, struct listed *all,
        struct quarantine_entry *e, size_t *broken)
{
    size_t n = 0;

    for (size_t i = 0; i < names->count; i++) {
        char id[QUARANTINE_ID_SIZE];
        bool pending;

        if (!quarantine_name_of(names->name[i], id, &pending))
            continue;
        if (quarantine_entry_open(q, id, pending, e, NULL, NULL) != VG_OK) {
            (*broken)++;
            continue;
        }
        all[n] = (struct listed){.sealed_ns = e->sealed_ns, .pending = pending};
        (void)vg_strcpy(all[n++].id, QUARANTINE_ID_SIZE, id);
    }
    return n;
}

enum vg_err
quarantine_list(struct quarantine *q, quarantine_fn *fn, void *ctx, size_t *broken)
{
    struct platform_names names;
    struct quarantine_entry *e = malloc(sizeof *e);
    struct listed *all = NULL;
    size_t n = 0;
    enum vg_err err = e != NULL ? quarantine_names(q, &names) : VG_ERR_NOMEM;

    *broken = 0;
    if (err == VG_OK) {
        all = calloc(names.count + 1, sizeof *all);
        if (all != NULL)
            n = collect(q, &names, all, e, broken);
        else
            err = VG_ERR_NOMEM;
        platform_names_free(&names);
    }
    if (n > 1)
        qsort(all, n, sizeof *all, by_age);
    for (size_t i = 0; i < n; i++)
        if (quarantine_entry_open(q, all[i].id, all[i].pending, e, NULL, NULL) == VG_OK)
            fn(ctx, e);
    free(all);
    free(e);
    return err;
}
