/* SPDX-License-Identifier: Apache-2.0 */
/* logfile_inside: inside logfile: its state, and what its files do for each other. logfile_window.c
 * holds the bytes and finds records in them, logfile_clean.c makes a record's bytes fit to be seen,
 * logfile_tags.c knows what stands around
 * records, logfile_head.c gets to know the file, logfile_state.c stops and resumes, logfile.c reads records. */
#pragma once

#include "agent/pay/csv.h"
#include "agent/pay/logbytes.h"
#include "agent/pay/logfile.h"
#include "agent/pay/recognise.h"
#include "agent/pay/xmlrec.h"

enum {
    LOGFILE_CLEAN_MAX = 4 * LOGFILE_RECORD_MAX, /* Windows-1252 and tokens make a record longer */
    LOGFILE_BUFFER_START = 128 * 1024,
    LOGFILE_BUFFER_MAX = 2 * LOGFILE_RECORD_MAX,
};

/* A value that stands around records. */
struct logfile_context {
    uint8_t text[120];
    size_t len;
};

struct logfile {
    struct logfile_options options;
    char source[LOGFILE_NAME_MAX];
    platform_file file;
    struct logbytes *bytes;

    uint8_t *data; /* decoded, unread: [start, end); data[0] stands at `base` */
    size_t start, end, room;
    uint64_t base, line;
    uint8_t head[LOGFILE_MARK_HEAD]; /* the first bytes of all */
    size_t head_len;
    bool at_end;   /* the last read gave nothing */
    bool skipping; /* within a record that is too long, which began at skip_from */
    uint64_t skip_from, skip_line;

    const struct profile *profile;
    bool ready; /* header read, mapper made */
    bool style_known;
    struct recognised rows;
    uint8_t delimiter;
    size_t columns;
    int16_t column_slot[CSV_COLUMNS_MAX];
    struct buf header; /* cleaned */
    struct str column_name[CSV_COLUMNS_MAX];

    struct logfile_context context[PROFILE_CONTEXT_MAX];
    struct xmlrec *xml; /* owned; made with the first record */

    struct buf utf8, clean, again;
    struct csv_arena arena;
    struct csv_row row;
    struct values values;
    struct mapper mapper;
    struct card_hits hits, more_hits;
    struct card_view cards[CARD_HITS_MAX];
    size_t card_count, txn_count;
    struct logfile_counts counts;
    char shape[LOGFILE_SHAPES][LOGFILE_SHAPE_MAX + 1];
};

/* Where a record lies in the unread bytes: [start, end), the next one begins at `next`, `lines` line
 * ends lie before that. */
struct logfile_span {
    size_t start, end, next, lines;
};

/* ---- logfile_window.c ---- */

struct slice logfile_unread(const struct logfile *f);
void logfile_consume(struct logfile *f, size_t n, size_t lines);
/* More bytes behind the unread ones; at_end when there are none. */
enum vg_err logfile_refill(struct logfile *f) VG_MUST_CHECK;
void logfile_skip_mark(struct logfile *f);
/* The next record in the window, reading on as needed. VG_ERR_FORMAT: bytes that are no record. */
enum vg_err logfile_span(struct logfile *f, bool final, struct logfile_span *s) VG_MUST_CHECK;

/* The first record of a text, which is not read on. VG_AGAIN: none is whole. */
enum vg_err logfile_span_in(const struct logfile *f, struct slice text, bool final,
                            struct logfile_span *s) VG_MUST_CHECK;

/* ---- logfile.c ---- */

/* A cleaned record's values, by the profile's reader. VG_END: it is to be passed over. */
enum vg_err logfile_values(struct logfile *f, struct slice clean) VG_MUST_CHECK;

/* ---- logfile_clean.c ---- */

/* As valid UTF-8: text that is none is taken as Windows-1252. Borrows `raw` or f->utf8. */
enum vg_err logfile_utf8(struct logfile *f, struct slice raw, struct slice *out) VG_MUST_CHECK;
/* The record as valid UTF-8 without card numbers. */
enum vg_err logfile_clean(struct logfile *f, struct slice raw, struct slice *out) VG_MUST_CHECK;
/* Texts that were unescaped may hold a number that the line did not show. */
enum vg_err logfile_values_clean(struct logfile *f) VG_MUST_CHECK;
/* Card numbers that logfile_clean() found become cards to tell of. */
void logfile_cards_tell(struct logfile *f, struct slice clean, uint64_t line);
/* Counts a bad record and keeps its shape. */
void logfile_bad(struct logfile *f, struct slice record);

/* ---- logfile_tags.c ---- */

/* What stands before a record of a file of tags, and its card numbers. Only VG_ERR_SYS, _NOMEM. */
enum vg_err logfile_context(struct logfile *f, struct slice around, uint64_t line) VG_MUST_CHECK;
/* To the record's values, where it has none of its own. */
void logfile_context_give(struct logfile *f);
enum vg_err logfile_tags_read(struct logfile *f, struct slice clean, bool *escaped) VG_MUST_CHECK;

/* ---- logfile_head.c ---- */

/* VG_AGAIN until enough of the file is there to say what it is. */
enum vg_err logfile_ready(struct logfile *f, bool final) VG_MUST_CHECK;
