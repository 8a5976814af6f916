/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile_inside.h"

#include <stdlib.h>

#include "agent/pay/envelope.h"
#include "agent/pay/isodump.h"
#include "agent/pay/listing.h"
#include "agent/pay/tagged.h"

enum { SAME_BYTES = 64 };

struct slice
logfile_unread(const struct logfile *f)
{
    return slice_of(f->data + f->start, f->end - f->start);
}

void
logfile_consume(struct logfile *f, size_t n, size_t lines)
{
    f->start += n;
    f->line += lines;
}

static void
head_keep(struct logfile *f)
{
    uint64_t reached = f->base + f->end;

    if (f->base > f->head_len)
        return; /* behind a gap: only after a resume, which has read the head before */
    while (f->head_len < LOGFILE_MARK_HEAD && f->head_len < reached) {
        f->head[f->head_len] = f->data[f->head_len - f->base];
        f->head_len++;
    }
}

/* Before a plain file is read on: what was read last still stands there. Else it was truncated or
 * replaced meanwhile, and its new bytes do not continue the old ones. */
static enum vg_err
still_same(const struct logfile *f)
{
    uint8_t bytes[SAME_BYTES];
    size_t want = f->end < SAME_BYTES ? f->end : SAME_BYTES, got;
    enum vg_err err;

    if (want == 0 || !logbytes_plain(f->bytes))
        return VG_OK;
    err = platform_file_read(f->file, f->base + f->end - want, bytes, want, &got);
    if (err != VG_OK)
        return err;
    return got == want && memcmp(bytes, f->data + f->end - want, want) == 0 ? VG_OK : VG_ERR_DENIED;
}

/* More bytes behind the unread ones; at_end when there are none. */
enum vg_err
logfile_refill(struct logfile *f)
{
    size_t got;
    enum vg_err err;

    if (f->start > LOGFILE_MARK_TAIL) { /* the last read bytes stay, for their digest */
        size_t drop = f->start - LOGFILE_MARK_TAIL;

        memmove(f->data, f->data + drop, f->end - drop);
        f->base += drop;
        f->end -= drop;
        f->start -= drop;
    }
    if (f->end == f->room && f->room < LOGFILE_BUFFER_MAX) {
        uint8_t *grown = realloc(f->data, f->room * 2);

        if (grown == NULL)
            return VG_ERR_NOMEM;
        f->data = grown;
        f->room *= 2;
    }
    err = still_same(f);
    if (err == VG_OK)
        err = logbytes_read(f->bytes, f->data + f->end, f->room - f->end, &got);
    if (err != VG_OK)
        return err;
    f->end += got;
    f->at_end = got == 0;
    head_keep(f);
    return VG_OK;
}

void
logfile_skip_mark(struct logfile *f)
{
    if (f->base + f->start == 0 && f->end - f->start >= 3 &&
        memcmp(f->data + f->start, "\xef\xbb\xbf", 3) == 0)
        logfile_consume(f, 3, 0);
}

enum vg_err
logfile_span_in(const struct logfile *f, struct slice text, bool final, struct logfile_span *s)
{
    size_t newline;

    s->start = 0;
    if (f->profile->reader == PROFILE_JSON)
        return envelope_record(text, f->profile->inside, f->profile->inside_count, final, &s->start,
                               &s->end, &s->next, &s->lines);
    if (f->profile->reader == PROFILE_CSV)
        return csv_record(text, f->delimiter, final, &s->end, &s->next, &s->lines);
    if (f->profile->record_count > 0)
        return tagged_record(text, f->profile->record, f->profile->record_count, final, &s->start,
                             &s->end, &s->next, &s->lines);
    if (f->profile->reader == PROFILE_LISTING)
        return listing_record(text, final, &s->end, &s->next, &s->lines);
    if (f->profile->reader == PROFILE_DUMP)
        return isodump_record(text, final, &s->end, &s->next, &s->lines);
    newline = bytes_find(text, 0, '\n');
    if (text.left == 0 || (newline >= text.left && !final))
        return VG_AGAIN;
    s->next = newline < text.left ? newline + 1 : newline;
    s->end = newline > 0 && byte_at(text, newline - 1) == '\r' ? newline - 1 : newline;
    s->lines = 1;
    return VG_OK;
}

/* A record longer than the cap: all up to a line end is passed over. */
static void
overflow(struct logfile *f)
{
    struct slice text = logfile_unread(f);
    size_t newline = bytes_find(text, 0, '\n');

    if (!f->skipping) {
        f->skip_from = f->base + f->start;
        f->skip_line = f->line;
        f->counts.too_long++;
        f->counts.records++;
    }
    f->skipping = newline >= text.left;
    logfile_consume(f, f->skipping ? text.left : newline + 1, !f->skipping);
}

/* The next record in the window, reading on as needed. VG_ERR_FORMAT: bytes that are no record. */
enum vg_err
logfile_span(struct logfile *f, bool final, struct logfile_span *s)
{
    for (;;) {
        enum vg_err err = VG_AGAIN;

        logfile_skip_mark(f);
        if (f->skipping)
            overflow(f);
        else
            err = logfile_span_in(f, logfile_unread(f),
                                  final && f->at_end && !logbytes_midway(f->bytes), s);
        if (err == VG_ERR_FORMAT || (err == VG_OK && s->end - s->start <= LOGFILE_RECORD_MAX))
            return err;
        if (err == VG_OK || f->end - f->start > LOGFILE_RECORD_MAX) {
            overflow(f);
            continue;
        }
        if (f->at_end) {
            /* Look once more: a live file may have grown since. */
            size_t before = f->end - f->start;

            err = logfile_refill(f);
            if (err != VG_OK)
                return err;
            if (f->end - f->start == before)
                return VG_AGAIN;
            continue;
        }
        err = logfile_refill(f);
        if (err != VG_OK)
            return err;
    }
}
