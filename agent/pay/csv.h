/* SPDX-License-Identifier: Apache-2.0 */
/* csv: records with separated columns (RFC 4180, and what programs really write: other delimiters,
 * quotes that open only at the beginning of a column, rows that are too short or too long). */
#pragma once

#include "agent/pay/bytes.h"

enum { CSV_COLUMNS_MAX = 256, CSV_QUOTED_LINES_MAX = 200 };

/* Unquoted text of columns that had quotes within; made once, cleared for each record. */
struct csv_arena {
    uint8_t *data; /* owned by the caller */
    size_t len, room;
};

struct csv_row {
    size_t count, dropped; /* dropped: columns beyond CSV_COLUMNS_MAX */
    struct slice cell[CSV_COLUMNS_MAX];
};

/* Where the first record of `text` ends: *end is behind its last byte (line end left out), *next
 * where the following one begins, *lines how many line ends it took. VG_AGAIN: not whole; with
 * `final` what is left counts as whole. A quote that nobody closes within CSV_QUOTED_LINES_MAX
 * lines does not swallow the file: the record is then its first line alone. */
enum vg_err csv_record(struct slice text, uint8_t delimiter, bool final, size_t *end, size_t *next,
                       size_t *lines) VG_MUST_CHECK;

/* Splits one record. VG_ERR_FORMAT when a quote is left open; VG_ERR_LIMIT when the arena is full. */
enum vg_err csv_split(struct slice record, uint8_t delimiter, struct csv_arena *arena,
                      struct csv_row *row) VG_MUST_CHECK;

/* Which of , ; TAB | separates this header line; 0 when none of them is in it. */
uint8_t csv_guess_delimiter(struct slice line);
