/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tags: what stands around the records (a statement's currency, a log entry's time) belongs
 * to each record behind it. */
#include "agent/pay/logfile_inside.h"

#include "agent/pay/tagged.h"

static void
context_keep(struct logfile *f, size_t i, struct slice value)
{
    struct logfile_context *c = &f->context[i];

    c->len =
        value.left < sizeof c->text ? value.left : 0; /* too long: better none than half of it */
    memcpy(c->text, value.at, c->len);
}

enum vg_err
logfile_context(struct logfile *f, struct slice around, uint64_t line)
{
    const struct profile *p = f->profile;
    struct slice clean;
    bool escaped = false;
    enum vg_err err;

    if (p->context_count == 0 || bytes_find(around, 0, '<') >= around.left)
        return VG_OK;
    err = logfile_clean(f, around, &clean);
    if (err != VG_OK)
        return err == VG_ERR_SYS || err == VG_ERR_NOMEM ? err : VG_OK;
    logfile_cards_tell(f, clean, line);
    memset(f->values.present, 0, p->names.count * sizeof f->values.present[0]);
    f->arena.len = 0;
    err = tagged_read(clean, &p->names, &f->arena, &f->values, &escaped);
    if (err == VG_OK && escaped)
        err = logfile_values_clean(f);
    for (size_t i = 0; err == VG_OK && i < p->context_count; i++)
        if (f->values.present[p->context[i]])
            context_keep(f, i, f->values.value[p->context[i]]);
    return err == VG_ERR_SYS || err == VG_ERR_NOMEM ? err : VG_OK;
}

void
logfile_context_give(struct logfile *f)
{
    const struct profile *p = f->profile;

    for (size_t i = 0; i < p->context_count; i++) {
        const struct logfile_context *c = &f->context[i];

        if (f->values.present[p->context[i]] || c->len == 0)
            continue;
        f->values.value[p->context[i]] = slice_of(c->text, c->len);
        f->values.present[p->context[i]] = true;
    }
}

enum vg_err
logfile_tags_read(struct logfile *f, struct slice clean, bool *escaped)
{
    const struct profile *p = f->profile;

    if (p->reader == PROFILE_SGML)
        return tagged_read(clean, &p->names, &f->arena, &f->values, escaped);
    if (f->xml == NULL) {
        enum vg_err err = xmlrec_new((unsigned long)f->options.mark_key.k0 | 1, &f->xml);

        if (err != VG_OK)
            return err;
    }
    *escaped = true; /* what an entity hid is seen now */
    return xmlrec_read(f->xml, clean, p->keys, p->key_count, &p->names, &f->arena, &f->values);
}
