/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile_inside.h"

static size_t
at_most(uint64_t n, size_t max)
{
    return n < max ? (size_t)n : max;
}

/* Of the first bytes, as many as were read up to `offset`. */
static uint64_t
head_digest(const struct logfile *f, uint64_t offset)
{
    return str_hash(&f->options.mark_key, f->head, at_most(offset, LOGFILE_MARK_HEAD));
}

/* Of the bytes before the window's start. */
static uint64_t
tail_digest(const struct logfile *f, size_t at, uint64_t offset)
{
    size_t n = at_most(offset, LOGFILE_MARK_TAIL);

    return n <= at ? str_hash(&f->options.mark_key, f->data + at - n, n) : 0;
}

void
logfile_state(const struct logfile *f, struct logfile_state *out)
{
    /* While a record that is too long is passed over its beginning may have left the window; it is
     * then read again from there without the help of the tail's digest. */
    uint64_t offset = logfile_offset(f);

    *out = (struct logfile_state){.offset = offset,
                                  .line = f->skipping ? f->skip_line : f->line,
                                  .style = f->rows.style,
                                  .dropped = f->rows.dropped};
    if (f->ready)
        (void)vg_strcpy(out->format, sizeof out->format, f->profile->name);
    out->head = head_digest(f, offset);
    if (offset >= f->base)
        out->tail = tail_digest(f, (size_t)(offset - f->base), offset);
}

/* Fills the window until `n` bytes stand in it. */
static enum vg_err
window_fill(struct logfile *f, size_t n)
{
    f->at_end = false;
    while (f->end < n) {
        enum vg_err err = logfile_refill(f);

        if (err != VG_OK)
            return err;
        if (f->at_end)
            return VG_ERR_SHORT;
    }
    return VG_OK;
}

/* Where the file is not as long as the head was, what there is of it must at least not differ: that
 * cannot be told from a digest, so a file that short counts as other content. */
static enum vg_err
head_check(struct logfile *f, const struct logfile_state *state)
{
    enum vg_err err = window_fill(f, at_most(state->offset, LOGFILE_MARK_HEAD));

    if (err != VG_OK)
        return err == VG_ERR_SHORT ? VG_ERR_DENIED : err;
    return head_digest(f, state->offset) == state->head ? VG_OK : VG_ERR_DENIED;
}

/* To the bytes before the offset, which are compared, and so to the offset. */
static enum vg_err
offset_seek(struct logfile *f, const struct logfile_state *state)
{
    /* What stands around the records: from a little before, and from the head, which is read. */
    bool tags = f->profile->context_count > 0;
    size_t before = at_most(state->offset, tags ? LOGFILE_HEAD_BYTES : LOGFILE_MARK_TAIL);
    enum vg_err err = tags ? logfile_context(f, logfile_unread(f), 0) : VG_OK;

    if (err == VG_OK)
        err = logbytes_seek(f->bytes, state->offset - before);

    if (err != VG_OK)
        return err;
    f->base = state->offset - before;
    f->start = f->end = 0;
    err = window_fill(f, before);
    if (err != VG_OK)
        return err;
    if (state->tail != 0 && tail_digest(f, before, state->offset) != state->tail)
        return VG_ERR_DENIED;
    err = logfile_context(f, slice_of(f->data, before), 0);
    f->card_count = 0; /* told before */
    if (err != VG_OK)
        return err;
    f->start = before;
    f->line = state->line;
    f->at_end = false;
    return VG_OK;
}

enum vg_err
logfile_resume(struct logfile *f, const struct logfile_state *state)
{
    enum vg_err err;

    if (state->format[0] == '\0' || state->offset == 0)
        return VG_OK;
    err = head_check(f, state);
    if (err != VG_OK)
        return err;
    if (f->profile == NULL)
        f->profile = profiles_find(f->options.profiles, state->format);
    if (f->profile == NULL)
        return VG_ERR_NOENT;
    f->rows = (struct recognised){.style = state->style, .dropped = state->dropped};
    f->style_known = true;
    err = logfile_ready(f, false);
    if (err != VG_OK)
        return err == VG_AGAIN ? VG_ERR_SHORT : err;
    f->mapper.style = state->style;
    f->mapper.dropped = state->dropped;
    return offset_seek(f, state);
}

bool
logfile_unchanged(const struct logfile *f, uint64_t size)
{
    uint64_t offset = logfile_offset(f);
    size_t want = at_most(offset, LOGFILE_MARK_TAIL), got = 0;
    uint8_t bytes[LOGFILE_MARK_HEAD];

    if (!logfile_plain(f) || offset < f->base || (size_t)(offset - f->base) < want)
        return true; /* nothing to compare with */
    if (size < offset)
        return false;
    if (platform_file_read(f->file, offset - want, bytes, want, &got) != VG_OK || got != want ||
        memcmp(bytes, f->data + (offset - f->base) - want, want) != 0)
        return false;
    want = at_most(offset, f->head_len);
    return platform_file_read(f->file, 0, bytes, want, &got) == VG_OK && got == want &&
           memcmp(bytes, f->head, want) == 0;
}
