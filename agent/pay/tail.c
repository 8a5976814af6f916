/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pay/rotation.h"
#include "agent/pay/tail_slot.h"
#include "common/vtime.h"

enum vg_err
tail_new(const struct tail_options *options, struct tail **out)
{
    struct tail *t = calloc(1, sizeof *t);
    uint64_t words[2];
    enum vg_err err;

    if (t == NULL)
        return VG_ERR_NOMEM;
    t->options = *options;
    t->look = true;
    err = tokens_derive(options->tokens, "marks of files", words);
    if (err != VG_OK) {
        free(t);
        return err;
    }
    t->mark_key = (struct hash_key){words[0], words[1]};
    *out = t;
    return VG_OK;
}

void
tail_free(struct tail *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++)
        tail_slot_close(t, &t->slot[i]);
    for (size_t i = 0; i < t->source_count; i++)
        free(t->source[i].folder);
    free(t->entry);
    free(t);
}

/* The folder of a path, "." where it names none. */
static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder;

    if (slash == NULL)
        return strdup(".");
    if (slash == path)
        return strdup("/");
    folder = strdup(path);
    if (folder != NULL)
        folder[slash - path] = '\0';
    return folder;
}

enum vg_err
tail_add(struct tail *t, const char *path, const char *format, struct conf_error *why)
{
    struct tail_source *s = &t->source[t->source_count];
    struct platform_stat stat;
    enum vg_err err;

    if (t->source_count == TAIL_SOURCES_MAX)
        return VG_ERR_LIMIT;
    err = profiles_choose(t->options.profiles, format, &s->profile, &s->only, why);
    if (err != VG_OK)
        return err;
    s->path = path;
    if (platform_path_stat(path, &stat) == VG_OK && stat.folder) {
        s->folder = strdup(path);
    } else {
        const char *slash = strrchr(path, '/');

        s->folder = folder_of(path);
        s->file = slash != NULL ? slash + 1 : path;
    }
    if (s->folder == NULL)
        return VG_ERR_NOMEM;
    t->source_count++;
    return VG_OK;
}

const char *
tail_folder(const struct tail *t, size_t i)
{
    return i < t->source_count ? t->source[i].folder : NULL;
}

void
tail_look(struct tail *t)
{
    t->look = true;
}

/* ---- what is in the folders ---- */

/* A single file's source also wants its rotations: x.log.1, x.log.2.gz, x.log-20261122. */
static bool
source_wants(const struct tail_source *s, const char *name)
{
    size_t n;

    if (s->file == NULL)
        return true;
    n = strlen(s->file);
    return strncmp(name, s->file, n) == 0 && (name[n] == '\0' || name[n] == '.' || name[n] == '-');
}

static void
entry_add(struct tail *t, size_t source, const char *name)
{
    struct tail_entry *e = &t->entry[t->entry_count];
    struct platform_stat stat;
    char path[TAIL_PATH_MAX];

    if (t->entry_count == TAIL_FILES_MAX || !vg_strcpy(e->name, sizeof e->name, name) ||
        !tail_path(t, source, name, path) || platform_path_stat(path, &stat) != VG_OK ||
        !stat.regular)
        return;
    for (size_t i = 0; i < t->entry_count; i++) /* two sources may name the same folder */
        if (tail_same_identity(&t->entry[i].stat.identity, &stat.identity))
            return;
    e->source = source;
    e->stat = stat;
    e->slot = NULL;
    e->ignored = false;
    t->entry_count++;
}

static void
entries_list(struct tail *t)
{
    t->entry_count = 0;
    for (size_t i = 0; i < t->source_count; i++) {
        struct platform_names names;

        if (platform_folder_list(t->source[i].folder, TAIL_FILES_MAX, &names) != VG_OK)
            continue;
        rotation_sort(names.name, names.count);
        for (size_t k = 0; k < names.count; k++)
            if (source_wants(&t->source[i], names.name[k]))
                entry_add(t, i, names.name[k]);
        platform_names_free(&names);
    }
}

/* ---- whose content each file is ---- */

static void
entry_take(struct tail *t, struct tail_entry *e, struct tail_slot *slot)
{
    if (slot->size != e->stat.size || slot->modified_ns != e->stat.modified_ns) {
        slot->news = true;
        slot->waiting_since_ns = t->now_ns;
    }
    slot->size = e->stat.size;
    slot->modified_ns = e->stat.modified_ns;
    if (strcmp(slot->name, e->name) != 0 || slot->source != e->source ||
        !tail_same_identity(&slot->identity, &e->stat.identity)) {
        (void)vg_strcpy(slot->name, sizeof slot->name, e->name);
        slot->source = e->source;
        slot->identity = e->stat.identity;
        slot->dirty = true;
    }
    slot->here = true;
    e->slot = slot;
}

/* The slot of the same identity, if its content still stands there. */
static void
match_identity(struct tail *t, struct tail_entry *e)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];

        if (!slot->used || slot->here || !tail_same_identity(&slot->identity, &e->stat.identity))
            continue;
        if (slot->size == e->stat.size && slot->modified_ns == e->stat.modified_ns &&
            slot->checked) {
            entry_take(t, e, slot);
            return;
        }
        if (tail_slot_holds(t, slot, e)) {
            slot->checked = true;
            entry_take(t, e, slot);
            return;
        }
        /* Truncated or replaced: the old content may live on in a copy. */
        t->counts.replaced++;
        tail_slot_close(t, slot);
        memset(&slot->identity, 0, sizeof slot->identity);
        slot->dirty = true;
    }
}

/* Contents that lost their file: renamed to another identity (copied), compressed. */
static void
match_content(struct tail *t, struct tail_entry *e)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];

        if (!slot->used || slot->here || slot->source != e->source || slot->state.offset == 0)
            continue;
        if (tail_slot_holds(t, slot, e)) {
            slot->checked = true;
            slot->news = true;
            entry_take(t, e, slot);
            return;
        }
    }
}

/* A copy that copy-truncate is making: its content has a slot whose own file is still whole. It is
 * left alone until the original is truncated; then match_content() finds it. */
static bool
is_copy(struct tail *t, struct tail_entry *e)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];

        if (slot->used && slot->here && slot->source == e->source && slot->state.offset > 0 &&
            rotation_same_log(slot->name, e->name) && tail_slot_is_copy(t, slot, e))
            return true;
    }
    return false;
}

/* A slot that stands for nothing: its place serves the next file; its position row stays until then
 * and says that nothing was read. */
static void
slot_drop(struct tail *t, struct tail_slot *slot)
{
    tail_slot_close(t, slot);
    slot->here = false;
    slot->news = slot->waiting = slot->partial = false;
    memset(&slot->identity, 0, sizeof slot->identity);
    slot->dirty = true;
}

static struct tail_slot *
slot_free(struct tail *t)
{
    struct tail_slot *oldest = NULL;

    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        if (!t->slot[i].used)
            return &t->slot[i];
        if (!t->slot[i].here && t->slot[i].state.offset == 0)
            return &t->slot[i];
        if (!t->slot[i].here && t->slot[i].log == NULL &&
            (oldest == NULL || t->slot[i].last_look < oldest->last_look))
            oldest = &t->slot[i];
    }
    if (oldest != NULL)
        t->counts.evicted++;
    return oldest;
}

static void
slot_begin(struct tail *t, struct tail_entry *e)
{
    struct tail_slot *slot = slot_free(t);

    if (slot == NULL) {
        t->counts.unreadable++;
        return;
    }
    tail_slot_close(t, slot);
    *slot = (struct tail_slot){.used = true,
                               .source = e->source,
                               .dirty = true,
                               .news = true,
                               .checked = true,
                               .identity = e->stat.identity};
    (void)vg_strcpy(slot->name, sizeof slot->name, e->name);
    slot->size = e->stat.size;
    slot->modified_ns = e->stat.modified_ns;
    slot->here = true;
    slot->waiting = t->looks > 1 && rotation_product(e->name);
    slot->waiting_since_ns = t->now_ns;
    e->slot = slot;
    t->counts.files++;
}

/* Nothing was read of it yet: what it is may still turn out (a copy began as an empty file). */
static bool
is_fresh(const struct tail_slot *slot)
{
    return slot->state.offset == 0 && (slot->log == NULL || logfile_offset(slot->log) == 0);
}

/* A file that rotation is still packing: its original is there. */
static bool
is_being_packed(const struct tail *t, const struct tail_entry *e)
{
    for (size_t i = 0; i < t->entry_count; i++)
        if (t->entry[i].source == e->source && rotation_packed(e->name, t->entry[i].name))
            return true;
    return false;
}

/* A file without a slot, or whose slot is fresh: an old content that moved, a copy, or new. */
static void
match_rest(struct tail *t, struct tail_entry *e)
{
    struct tail_slot *fresh = e->slot;

    if (fresh != NULL) {
        if (!is_fresh(fresh))
            return;
        e->slot = NULL;
    }
    if (is_being_packed(t, e)) {
        e->ignored = true;
    } else {
        match_content(t, e);
        if (e->slot == NULL)
            e->ignored = is_copy(t, e);
    }
    if (e->slot == NULL && !e->ignored)
        e->slot = fresh;
    else if (fresh != NULL)
        slot_drop(t, fresh);
}

static enum vg_err
look(struct tail *t, int64_t now_ns)
{
    t->now_ns = now_ns;
    if (t->entry == NULL)
        t->entry = calloc(TAIL_FILES_MAX + 1, sizeof *t->entry);
    if (t->entry == NULL)
        return VG_ERR_NOMEM;
    t->look = t->look_now = false;
    t->looks++;
    entries_list(t);
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++)
        t->slot[i].here = false;
    for (size_t i = 0; i < t->entry_count; i++)
        match_identity(t, &t->entry[i]);
    for (size_t i = 0; i < t->entry_count; i++)
        match_rest(t, &t->entry[i]);
    for (size_t i = 0; i < t->entry_count; i++)
        if (t->entry[i].slot == NULL && !t->entry[i].ignored)
            slot_begin(t, &t->entry[i]);
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++)
        if (t->slot[i].here)
            t->slot[i].last_look = t->looks;
    t->at = 0;
    return VG_OK;
}

/* ---- reading ---- */

/* VG_OK: a record was taken. VG_AGAIN: nothing more from this one now. */
static enum vg_err
slot_next(struct tail *t, struct tail_slot *slot, int64_t now_ns)
{
    bool final = slot->partial && now_ns - slot->still_since_ns >= TAIL_QUIET_NS;
    enum vg_err err;

    if (slot->waiting && now_ns - slot->waiting_since_ns >= TAIL_SETTLE_NS)
        slot->waiting = false;
    if (slot->waiting || (!slot->news && !final))
        return VG_AGAIN;
    err = tail_slot_open(t, slot);
    if (err != VG_OK)
        return err;
    err = logfile_next(slot->log, final);
    if (err == VG_OK) {
        slot->dirty = true;
        slot->took = true;
        return VG_OK;
    }
    tail_slot_count(t, slot);
    if (err == VG_AGAIN) {
        bool partial = logfile_partial(slot->log);

        if (slot->took || slot->news || partial != slot->partial)
            slot->still_since_ns = now_ns;
        slot->partial = partial && !final;
        slot->took = slot->news = false;
    } else if (err == VG_ERR_NOENT) {
        slot->news = slot->partial = false;
        t->counts.unknown += !slot->unknown;
        slot->unknown = true;
        tail_slot_close(t, slot); /* it may become known when it grows */
    } else if (err == VG_ERR_NOMEM) {
        return err;
    } else if (err == VG_ERR_DENIED) {
        tail_slot_close(t, slot); /* what was not taken is looked for again */
        slot->checked = false;
        t->look = t->look_now = true;
    } else {
        slot->news = slot->partial = false;
        t->counts.damaged++;
    }
    return VG_AGAIN;
}

/* Files that went away while open are read to their end. */
static enum vg_err
orphan_next(struct tail *t, int64_t now_ns, struct tail_slot **from)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];
        enum vg_err err;

        if (!slot->used || slot->here || slot->log == NULL)
            continue;
        if (slot->orphan_look != t->looks) {
            slot->orphan_look = t->looks;
            slot->news = true;
        }
        err = slot_next(t, slot, now_ns);
        *from = slot;
        if (err != VG_AGAIN)
            return err;
        if (slot->log != NULL && !slot->partial)
            tail_slot_close(t, slot);
    }
    return VG_AGAIN;
}

static enum vg_err
next_of_all(struct tail *t, int64_t now_ns, struct tail_slot **from)
{
    enum vg_err err = orphan_next(t, now_ns, from);

    while (err == VG_AGAIN && t->at < t->entry_count) {
        struct tail_slot *slot = t->entry[t->at].slot;

        err = slot != NULL ? slot_next(t, slot, now_ns) : VG_AGAIN;
        *from = slot;
        if (err == VG_AGAIN)
            t->at++;
    }
    return err;
}

enum vg_err
tail_next(struct tail *t, int64_t now_ns, struct logfile **log, struct seen_recent **recent,
          int64_t *wait_ns)
{
    struct tail_slot *slot = NULL;
    enum vg_err err;

    if (t->look || now_ns - t->looked_ns >= TAIL_LOOK_NS) {
        /* Only between files, so that a long one is not looked for again and again. */
        if (t->at >= t->entry_count || t->at == 0 || t->look_now) {
            err = look(t, now_ns);
            if (err != VG_OK)
                return err;
            t->looked_ns = now_ns;
        }
    }
    err = next_of_all(t, now_ns, &slot);
    if (err == VG_OK) {
        *log = slot->log;
        *recent = &slot->recent;
        return VG_OK;
    }
    *wait_ns = TAIL_LOOK_NS;
    return err;
}

const struct tail_counts *
tail_counts(const struct tail *t)
{
    return &t->counts;
}

const char *
tail_bad_shape(const struct tail *t)
{
    return t->shape;
}
