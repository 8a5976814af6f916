/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/tail.h"

#include <stdlib.h>
#include <string.h>

#include "agent/pay/tail_slot.h"

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
            err = tail_look_now(t, now_ns);
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
