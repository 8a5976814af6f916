/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/pay/rotation.h"
#include "agent/pay/tail_slot.h"

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
    t->counts.folders_unlisted = 0;
    for (size_t i = 0; i < t->source_count; i++) {
        struct platform_names names;

        if (platform_folder_list(t->source[i].folder, TAIL_FILES_MAX, &names) != VG_OK) {
            t->counts.folders_unlisted++;
            continue;
        }
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

/* What stood under this name before and is nowhere now; the one that was there last. */
static void
spans_before(const struct tail *t, const struct tail_entry *e, struct spans *out)
{
    const struct tail_slot *before = NULL;

    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        const struct tail_slot *slot = &t->slot[i];

        if (slot->used && !slot->here && slot->source == e->source &&
            slot->recent.spans.is.head[0].hash != 0 && strcmp(slot->name, e->name) == 0 &&
            (before == NULL || slot->last_look > before->last_look))
            before = slot;
    }
    if (before != NULL)
        span_inherit(out, &before->recent.spans);
}

static void
slot_begin(struct tail *t, struct tail_entry *e)
{
    struct spans spans = {0};
    struct tail_slot *slot;

    spans_before(t, e, &spans);
    slot = slot_free(t);
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
    slot->recent.spans = spans;
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

/* A content that is read to its end and stands still: what it was is said once. */
static void
tell_read(struct tail *t)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX && t->options.told != NULL; i++) {
        struct tail_slot *slot = &t->slot[i];
        char name[LOGFILE_NAME_MAX];

        if (!slot->here || slot->told || slot->news || slot->took || slot->partial ||
            slot->size == 0 || t->now_ns - slot->waiting_since_ns < TAIL_SETTLE_NS)
            continue;
        if (slot->log != NULL)
            logfile_state(slot->log, &slot->state);
        slot->told = true;
        logfile_name(t->options.tokens, slot->name, name);
        t->options.told(t->options.ctx, name, slot->unknown ? "" : slot->state.format,
                        &slot->total);
    }
}

/* What took another's place and stands still: whether it lacks something is known now. */
static void
tell_replaced(struct tail *t)
{
    for (size_t i = 0; i < TAIL_SLOTS_MAX; i++) {
        struct tail_slot *slot = &t->slot[i];
        char name[LOGFILE_NAME_MAX];

        if (!slot->here || slot->recent.spans.was.rows == 0 || slot->news || slot->took ||
            slot->partial || slot->recent.spans.is.head[0].hash == 0 ||
            t->now_ns - slot->waiting_since_ns < TAIL_REPLACED_NS)
            continue;
        logfile_name(t->options.tokens, slot->name, name);
        if (t->options.replaced != NULL)
            t->options.replaced(t->options.ctx, name, &slot->recent);
        slot->dirty = true;
    }
}

enum vg_err
tail_look_now(struct tail *t, int64_t now_ns)
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
    tell_read(t);
    tell_replaced(t);
    t->at = 0;
    return VG_OK;
}
