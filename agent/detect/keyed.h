/* SPDX-License-Identifier: Apache-2.0 */
/* keyed: a table with a fixed cap from short keys to values of one size, for the state of a detector.
 *
 * When it is full the least recently used entry leaves; the order of use is part of the saved rows,
 * so that a restored table evicts exactly as the lost one would have. Nothing depends on hash
 * values or slots. Rows: one for each entry, only those that changed since the last save. */
#pragma once

#include "agent/detect/detector.h"

enum { KEYED_KEY_MAX = 48, KEYED_OWN_BYTES = 152 /* what an entry costs besides its value */ };

struct keyed;

/* Room for `cap` values of value_size bytes. VG_ERR_NOMEM. */
enum vg_err keyed_new(size_t cap, size_t value_size, struct keyed **out) VG_MUST_CHECK;
void keyed_free(struct keyed *table);

/* The value of a key or NULL; neither touched nor marked. Borrowed until the next keyed_use(). */
void *keyed_find(const struct keyed *table, const void *key, size_t len);
/* The value of a key, made all zero where there is none (*made, may be NULL); it becomes the most
 * recently used and is saved next time. len <= KEYED_KEY_MAX. Never NULL. */
void *keyed_use(struct keyed *table, const void *key, size_t len, bool *made);
void keyed_drop(struct keyed *table, const void *key, size_t len);

size_t keyed_count(const struct keyed *table);
uint64_t keyed_evicted(const struct keyed *table); /* entries that left because it was full */

/* Walks all entries, least recently used first: *cursor starts at NULL. Nothing may be added or
 * dropped meanwhile. NULL at the end. */
void *keyed_walk(const struct keyed *table, const void **cursor, struct slice *key);

/* Rows to `out`; each key is `prefix` and the entry's own. `encode` appends the value. */
typedef void (*keyed_encode)(const void *value, struct buf *out);
void keyed_save(struct keyed *table, struct state_out *out, char prefix, uint16_t version,
                keyed_encode encode);
/* One row back; `key` without its prefix. `decode` reads the value (sticky). VG_ERR_FORMAT (and
 * nothing changes) when the blob is not what encode wrote. */
typedef void (*keyed_decode)(void *value, struct slice *blob);
enum vg_err keyed_load(struct keyed *table, struct slice key, struct slice blob,
                       keyed_decode decode) VG_MUST_CHECK;
