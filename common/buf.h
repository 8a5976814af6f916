/* SPDX-License-Identifier: Apache-2.0 */
/* buf: growable bytes with a cap, for building records and gathering input.
 *
 * Sticky like slice: after one append that would pass the cap or finds no memory the buffer is
 * `bad`, and later appends do nothing, so a writer may append a whole record and test once. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

struct buf {
    uint8_t *data; /* owned; NULL while empty */
    size_t len, room, cap;
    bool bad;
};

/* An empty buffer that never holds more than `cap` bytes. buf_done() frees; zeroed is fine too. */
void buf_init(struct buf *b, size_t cap);
void buf_done(struct buf *b);
/* Forgets the content and `bad`, keeps the memory. */
void buf_clear(struct buf *b);

void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_be16(struct buf *b, uint16_t v);
void buf_put_be32(struct buf *b, uint32_t v);
void buf_put_be64(struct buf *b, uint64_t v);
void buf_put_str(struct buf *b, const char *s); /* without its NUL */
void buf_printf(struct buf *b, const char *fmt, ...) VG_PRINTF(2, 3);
/* Drops the first n bytes (n <= len). */
void buf_consume(struct buf *b, size_t n);
/* NUL-terminates without counting the NUL and borrows the text; NULL when bad. */
const char *buf_str(struct buf *b);

static inline struct slice
buf_slice(const struct buf *b)
{
    return slice_of(b->data, b->len);
}
