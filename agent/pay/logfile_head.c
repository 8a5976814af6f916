/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile_inside.h"

#include "agent/pay/recognise.h"

static void
columns_name(struct logfile *f)
{
    f->columns = f->row.count;
    for (size_t i = 0; i < f->row.count; i++)
        f->column_name[i] = bytes_str(bytes_trim(f->row.cell[i]));
}

/* The header line: from its own copy, which the names borrow. */
static enum vg_err
header_read(struct logfile *f, bool final)
{
    struct slice clean, own;
    struct logfile_span s;
    size_t matched;
    enum vg_err err;

    if (f->profile->column_count > 0) {
        f->columns = f->profile->column_count;
        for (size_t i = 0; i < f->columns; i++) {
            f->column_name[i] = f->profile->columns[i];
            f->column_slot[i] = (int16_t)names_find(&f->profile->names, f->column_name[i]);
        }
        return VG_OK;
    }
    err = logfile_span(f, final, &s);
    if (err != VG_OK)
        return err;
    err = logfile_clean(f, bytes_part(logfile_unread(f), s.start, s.end), &clean);
    if (err != VG_OK)
        return err;
    buf_clear(&f->header);
    buf_put(&f->header, clean.at, clean.left);
    f->arena.len = 0;
    own = buf_slice(&f->header);
    err = csv_split(own, f->delimiter, &f->arena, &f->row);
    if (err != VG_OK || f->header.bad)
        return VG_ERR_NOENT;
    recognise_header(f->profile, &f->row, f->column_slot, &matched);
    if (matched < f->profile->recognise_count)
        return VG_ERR_NOENT;
    columns_name(f);
    /* Quoted names with quotes within live in the arena, which the next record reuses. */
    for (size_t i = 0; i < f->columns; i++)
        if ((const uint8_t *)f->column_name[i].at >= f->arena.data &&
            (const uint8_t *)f->column_name[i].at < f->arena.data + f->arena.room)
            f->column_name[i] = str_of("");
    logfile_consume(f, s.next, s.lines);
    return VG_OK;
}

static void
delimiter_find(struct logfile *f)
{
    struct slice text = logfile_unread(f);

    if (f->delimiter == 0)
        f->delimiter = f->profile->delimiter;
    if (f->delimiter == 0)
        f->delimiter = csv_guess_delimiter(bytes_part(text, 0, bytes_find(text, 0, '\n')));
    if (f->delimiter == 0)
        f->delimiter = ',';
}

/* By whole lines where there are any, so that no letter is cut through its middle. */
static void
head_recognise(struct logfile *f, struct slice head, bool whole)
{
    struct slice text;
    size_t end;

    if (head.left > LOGFILE_HEAD_BYTES)
        head = bytes_part(head, 0, LOGFILE_HEAD_BYTES);
    for (end = head.left; !whole && end > 0 && byte_at(head, end - 1) != '\n'; end--)
        ;
    if (end > 0)
        head = bytes_part(head, 0, end);
    if (logfile_utf8(f, head, &text) == VG_OK)
        f->profile = recognise_head(f->options.profiles, f->options.only, text, whole, &f->arena);
}

/* A line end, by which a format is recognised: statements may be one line without any, they are known
 * by less. */
static bool
line_there(const struct logfile *f, struct slice head)
{
    if (f->profile != NULL && f->profile->reader != PROFILE_CSV)
        return true;
    return head.left >= LOGFILE_HEAD_BYTES || bytes_find(head, 0, '\n') < head.left;
}

/* The first records of a log of lines or of JSON say how its dates and amounts are written. Nothing is
 * taken from it yet. */
static void
records_look(struct logfile *f, struct slice head, bool whole)
{
    struct recognise_look look;
    struct logfile_span s;

    recognise_look_init(&look, f->profile);
    for (size_t i = 0; i < RECOGNISE_RECORDS && head.left > 0; i++) {
        struct slice text;

        if (logfile_span_in(f, head, whole, &s) != VG_OK)
            break;
        if (logfile_utf8(f, bytes_part(head, s.start, s.end), &text) == VG_OK &&
            logfile_values(f, text) == VG_OK)
            recognise_look_record(&look, &f->values);
        slice_skip(&head, s.next);
    }
    recognise_look_decide(&look, &f->rows);
    f->card_count = 0; /* what was looked at is read once more */
    f->counts.cards = 0;
}

enum vg_err
logfile_ready(struct logfile *f, bool final)
{
    struct platform_stat stat;
    struct slice head;
    enum vg_err err = VG_OK;

    f->at_end = false;
    while (!f->at_end && f->end - f->start < LOGFILE_HEAD_BYTES && err == VG_OK)
        err = logfile_refill(f);
    logfile_skip_mark(f);
    head = logfile_unread(f);
    if (err != VG_OK && head.left == 0)
        return err;
    if (head.left == 0 || (!final && !line_there(f, head)))
        return VG_AGAIN;
    if (f->profile == NULL)
        head_recognise(f, head, final && f->at_end);
    if (f->profile == NULL)
        return VG_ERR_NOENT;
    if (f->profile->reader == PROFILE_CSV) {
        size_t start = recognise_start(f->profile, head, final && f->at_end, &f->arena);

        logfile_consume(f, start, bytes_lines(bytes_part(head, 0, start)));
        head = logfile_unread(f);
        delimiter_find(f);
        if (!f->style_known)
            recognise_rows(f->profile, bytes_part(head, 0, LOGFILE_HEAD_BYTES), f->delimiter,
                           &f->arena, &f->rows);
        err = header_read(f, final);
        if (err != VG_OK)
            return err;
    } else if (!f->style_known &&
               (f->profile->reader == PROFILE_JSON || f->profile->reader == PROFILE_TEXT)) {
        records_look(f, bytes_part(head, 0, LOGFILE_HEAD_BYTES), final && f->at_end);
    }
    mapper_init(&f->mapper, f->profile, f->options.tokens, f->options.zone, f->options.currency,
                str_of(f->source));
    if (f->profile->style_auto && f->profile->reader != PROFILE_XML &&
        f->profile->reader != PROFILE_SGML)
        f->mapper.style = f->rows.style;
    f->rows.style = f->mapper.style;
    f->mapper.dropped = f->rows.dropped;
    if (platform_file_stat(f->file, &stat) == VG_OK)
        f->mapper.latest_ns = stat.modified_ns;
    f->style_known = true;
    f->ready = true;
    return VG_OK;
}
