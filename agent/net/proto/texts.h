/* SPDX-License-Identifier: Apache-2.0 */
/* texts: short lists of texts that a record is made of, gathered in the engine's scratch buffer.
 *
 * Texts are kept by offset, since the buffer may move while it grows; texts_lend() makes them texts
 * when all is there. Twice the same text is kept once. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum { TEXTS_MAX = 16 };

struct texts {
    uint32_t at[TEXTS_MAX], len[TEXTS_MAX];
    size_t count;
    bool cut; /* there were more */
};

/* What `buf` holds from `from` on becomes one text more; taken back where it is empty, there
 * already, or one too many. */
void texts_add(struct texts *t, struct buf *buf, size_t from);
/* An address of 4 or 16 bytes at `in`, as text. */
void texts_add_addr(struct texts *t, struct buf *buf, struct slice *in, uint8_t family);
/* Borrowed from `buf`, which must not change afterwards. Returns their number. */
size_t texts_lend(const struct texts *t, const struct buf *buf, struct str out[TEXTS_MAX]);
