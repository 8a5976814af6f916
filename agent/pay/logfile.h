/* SPDX-License-Identifier: Apache-2.0 */
/* logfile: one log, from its bytes to transactions, record by record.
 *
 * Order for each record: decompress and decode, find its end, to UTF-8 (a record that is none is
 * taken as Windows-1252), card numbers to tokens, read the columns, make the transaction. Nothing is
 * kept of a record but its counters. The position is the offset of the next unread record. */
#pragma once

#include "agent/pay/dates.h"
#include "agent/pay/map.h"
#include "agent/platform/platform.h"

enum {
    LOGFILE_RECORD_MAX = 256 * 1024, /* longer records are passed over and counted */
    LOGFILE_HEAD_BYTES = 64 * 1024,  /* how much is looked at to recognise a format */
    LOGFILE_SHAPES = 3,
    LOGFILE_SHAPE_MAX = 80,
    LOGFILE_NAME_MAX = 512,
};

struct logfile_counts {
    uint64_t records, transactions, skipped, bad, too_long, cards;
};

struct logfile_options {
    const struct profiles *profiles; /* for recognition */
    const struct profile *profile;   /* NULL: recognise */
    const char *only;                /* recognise among this format or family; NULL: all */
    struct tokens *tokens;
    const struct zone *zone;
    const char *currency;
    const char *source;       /* file name without folder */
    struct hash_key mark_key; /* for the digests in logfile_state */
};

struct logfile;

/* A file's name as it may be shown: one line of UTF-8, cut where it is too long, card numbers in it
 * become tokens. */
void logfile_name(struct tokens *tokens, const char *name, char out[LOGFILE_NAME_MAX]);

/* As valid UTF-8: text that is none is taken as Windows-1252. Borrows `raw` or `scratch`, which has a
 * cap. VG_ERR_LIMIT. */
enum vg_err logfile_decode(struct slice raw, struct buf *scratch, struct slice *out) VG_MUST_CHECK;

/* Takes `file` (also when it fails). The options' pointers outlive the log; `source` is copied. */
enum vg_err logfile_new(const struct logfile_options *options, platform_file file,
                        struct logfile **out) VG_MUST_CHECK;
void logfile_free(struct logfile *f);

/* Reads the next record. VG_OK: one was taken, see logfile_txns() and logfile_cards(), both may be
 * empty (a header, a bad line). VG_AGAIN: nothing whole now; with `final` an unterminated last
 * record counts as whole, but where compression is cut off: there it is torn. VG_ERR_NOENT: no profile fits. VG_ERR_FORMAT, VG_ERR_LIMIT: damaged
 * compression. VG_ERR_DENIED: the file was truncated or replaced while it was read. VG_ERR_SYS: it
 * cannot be read. */
enum vg_err logfile_next(struct logfile *f, bool final) VG_MUST_CHECK;

/* Results of the last logfile_next(), borrowed until the next. */
const struct txn_view *logfile_txns(const struct logfile *f, size_t *count);
const struct card_view *logfile_cards(const struct logfile *f, size_t *count);

const struct profile *logfile_profile(const struct logfile *f); /* NULL: not known yet */
/* How sure it is whether the file's dates have the day or the month first. */
enum dates_found logfile_dates(const struct logfile *f);
uint64_t logfile_offset(const struct logfile *f);
bool logfile_plain(const struct logfile *f); /* offset is the file's own */
bool logfile_midway(const struct logfile *f);
/* Bytes were read but no whole record stands in them yet. */
bool logfile_partial(const struct logfile *f);
const struct logfile_counts *logfile_counts(const struct logfile *f);
/* Shapes of the last bad lines ("aaa 00-00 ..."), for the technician: no content; "" for none. */
const char *logfile_bad_shape(const struct logfile *f, size_t i);
const char *logfile_bad_newest(const struct logfile *f);
const char *logfile_source(const struct logfile *f); /* as it may be shown, see logfile_name() */
platform_file logfile_file(const struct logfile *f);

/* What must be kept to go on at logfile_offset() with a new logfile of the same content: also
 * digests of the first and of the last bytes that were read (decoded), which tell it from another
 * file, and find it again under another name, identity or compression. */
enum { LOGFILE_MARK_HEAD = 1024, LOGFILE_MARK_TAIL = 256 };
struct logfile_state {
    uint64_t offset, line;
    char format[48]; /* "" while not known */
    enum amount_style style;
    uint32_t dropped;    /* see mapper.dropped */
    uint64_t head, tail; /* digests of min(offset, LOGFILE_MARK_...) bytes */
};
void logfile_state(const struct logfile *f, struct logfile_state *out);
/* Before the first logfile_next(). VG_ERR_DENIED: other content; VG_ERR_SHORT: the same beginning,
 * but the file is shorter than the offset; VG_ERR_NOENT: that format is gone. */
enum vg_err logfile_resume(struct logfile *f, const struct logfile_state *state) VG_MUST_CHECK;
/* For a plain file that is `size` bytes long now: what was read still stands in it (it was not
 * truncated or replaced in place). */
bool logfile_unchanged(const struct logfile *f, uint64_t size);
