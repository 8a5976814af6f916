/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pay/logfile_inside.h"

#include <stdlib.h>

#include "agent/pay/jsonl.h"
#include "agent/pay/listing.h"
#include "agent/pay/textlog.h"

enum vg_err
logfile_new(const struct logfile_options *options, platform_file file, struct logfile **out)
{
    struct logfile *f = calloc(1, sizeof *f);
    enum vg_err err = VG_ERR_NOMEM;

    if (f == NULL) {
        platform_file_close(file);
        return err;
    }
    f->options = *options;
    f->file = file;
    f->profile = options->profile;
    logfile_name(options->tokens, options->source, f->source);
    buf_init(&f->utf8, LOGFILE_CLEAN_MAX);
    buf_init(&f->clean, LOGFILE_CLEAN_MAX);
    buf_init(&f->again, LOGFILE_CLEAN_MAX);
    buf_init(&f->header, LOGFILE_CLEAN_MAX);
    f->data = malloc(LOGFILE_BUFFER_START);
    f->arena.data = malloc(LOGFILE_RECORD_MAX);
    if (f->data == NULL || f->arena.data == NULL)
        goto fail;
    f->room = LOGFILE_BUFFER_START;
    f->arena.room = LOGFILE_RECORD_MAX;
    err = logbytes_new(file, &f->bytes);
    if (err != VG_OK)
        goto fail;
    *out = f;
    return VG_OK;
fail:
    logfile_free(f);
    return err;
}

void
logfile_free(struct logfile *f)
{
    if (f == NULL)
        return;
    logbytes_free(f->bytes);
    xmlrec_free(f->xml);
    platform_file_close(f->file);
    buf_done(&f->utf8);
    buf_done(&f->clean);
    buf_done(&f->again);
    buf_done(&f->header);
    free(f->arena.data);
    free(f->data);
    free(f);
}

/* ---- one record ---- */

static enum vg_err
csv_values(struct logfile *f, struct slice clean)
{
    enum vg_err err = csv_split(clean, f->delimiter, &f->arena, &f->row);

    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < f->row.count && i < f->columns; i++) {
        if (f->column_slot[i] < 0)
            continue;
        f->values.value[f->column_slot[i]] = f->row.cell[i];
        f->values.present[f->column_slot[i]] = true;
    }
    return VG_OK;
}

enum vg_err
logfile_values(struct logfile *f, struct slice clean)
{
    bool escaped = false;
    enum vg_err err;

    memset(f->values.present, 0, f->profile->names.count * sizeof f->values.present[0]);
    f->arena.len = 0;
    switch (f->profile->reader) {
    case PROFILE_CSV:
        return csv_values(f, clean);
    case PROFILE_TEXT:
        return textlog_read(f->profile->text, clean, &f->values);
    case PROFILE_LISTING:
    case PROFILE_DUMP:
        return listing_read(clean, &f->profile->names, &f->values);
    case PROFILE_XML:
    case PROFILE_SGML:
        err = logfile_tags_read(f, clean, &escaped);
        logfile_context_give(f);
        break;
    default:
        err = jsonl_read(clean, &f->profile->names, &f->arena, &f->values, &escaped);
    }
    return err == VG_OK && escaped ? logfile_values_clean(f) : err;
}

static bool
is_blank(struct slice record)
{
    return bytes_trim(record).left == 0;
}

static enum vg_err
record_read(struct logfile *f, struct slice raw, uint64_t line)
{
    struct slice clean;
    enum vg_err err;

    if (is_blank(raw))
        return VG_OK;
    f->counts.records++;
    err = logfile_clean(f, raw, &clean);
    if (err == VG_OK) {
        err = logfile_values(f, clean);
        logfile_cards_tell(f, clean, line);
        if (err == VG_END) {
            f->counts.skipped++;
            return VG_OK;
        }
        if (err == VG_OK)
            err = mapper_read(&f->mapper, &f->values, clean, &f->hits, line);
    }
    if (err == VG_ERR_SYS || err == VG_ERR_NOMEM)
        return err;
    if (err != VG_OK) {
        logfile_bad(f, raw);
        return VG_OK;
    }
    f->txn_count = f->mapper.count;
    f->counts.transactions += f->txn_count;
    f->counts.skipped += f->txn_count == 0;
    return VG_OK;
}

/* Bytes that are no record may show a card number all the same. */
static enum vg_err
record_damaged(struct logfile *f, struct slice raw, uint64_t line)
{
    struct slice clean;
    enum vg_err err = logfile_clean(f, raw, &clean);

    f->counts.records++;
    logfile_bad(f, raw);
    f->row.count = 0;
    if (err == VG_OK)
        logfile_cards_tell(f, clean, line);
    return err == VG_ERR_SYS || err == VG_ERR_NOMEM ? err : VG_OK;
}

enum vg_err
logfile_next(struct logfile *f, bool final)
{
    struct slice raw;
    struct logfile_span s;
    uint64_t line;
    enum vg_err err;

    f->txn_count = f->card_count = 0;
    if (!f->ready) {
        err = logfile_ready(f, final);
        if (err != VG_OK)
            return err;
    }
    err = logfile_span(f, final, &s);
    if (err != VG_OK && err != VG_ERR_FORMAT)
        return err;
    raw = bytes_part(logfile_unread(f), s.start, s.end);
    line = f->line + 1;
    if (logfile_context(f, bytes_part(logfile_unread(f), 0, s.start), line) != VG_OK)
        return VG_ERR_NOMEM;
    logfile_consume(f, s.next, s.lines);
    return err == VG_OK ? record_read(f, raw, line) : record_damaged(f, raw, line);
}

/* ---- telling ---- */

const struct txn_view *
logfile_txns(const struct logfile *f, size_t *count)
{
    *count = f->txn_count;
    return f->mapper.txn;
}

const struct card_view *
logfile_cards(const struct logfile *f, size_t *count)
{
    *count = f->card_count;
    return f->cards;
}

const struct profile *
logfile_profile(const struct logfile *f)
{
    return f->profile;
}

enum dates_found
logfile_dates(const struct logfile *f)
{
    return f->rows.dates;
}

uint64_t
logfile_offset(const struct logfile *f)
{
    return f->skipping ? f->skip_from : f->base + f->start;
}

bool
logfile_plain(const struct logfile *f)
{
    return logbytes_plain(f->bytes);
}

bool
logfile_midway(const struct logfile *f)
{
    return logbytes_midway(f->bytes);
}

bool
logfile_partial(const struct logfile *f)
{
    return f->end > f->start || f->skipping;
}

const struct logfile_counts *
logfile_counts(const struct logfile *f)
{
    return &f->counts;
}

const char *
logfile_bad_shape(const struct logfile *f, size_t i)
{
    return i < LOGFILE_SHAPES ? f->shape[i] : "";
}

const char *
logfile_bad_newest(const struct logfile *f)
{
    return f->counts.bad > 0 ? f->shape[(f->counts.bad - 1) % LOGFILE_SHAPES] : "";
}

const char *
logfile_source(const struct logfile *f)
{
    return f->source;
}

platform_file
logfile_file(const struct logfile *f)
{
    return f->file;
}
