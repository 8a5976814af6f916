/* SPDX-License-Identifier: Apache-2.0 */
/* keytab: many small records by 64-bit key, bounded, saved by rows of neighbouring keys.
 *
 * The key is str_hash() under STR_HASH_STORED of whatever names the record. When full (or when one
 * chain holds KEYTAB_CHAIN_MAX, which only somebody who picks keys can bring about) the record
 * touched longest ago goes. The order of touches is kept to within a sixteenth of the table, and is
 * saved, so that a restored table evicts what this one would. Not more than one allocation for each
 * doubling. Owner: one detector. */
#pragma once

#include "agent/detect/detector.h"

enum { KEYTAB_CHAIN_MAX = 64, KEYTAB_ROW_BITS_MAX = 12 };

struct keytab;

struct keytab_options {
    size_t cell_bytes; /* of one record; starts zeroed */
    size_t cells_max;  /* 1.. */
    unsigned row_bits; /* 2^row_bits rows in the store; about 64 records a row is a good size */
    char name;         /* first byte of its row keys: tables of one detector differ by it */
    uint16_t version;  /* of the record's form */
    bool by_place;     /* rows of records made one after the other rather than of neighbouring keys:
                    * for records that are seldom changed. cells_max <= 64 * 4096 */
    void (*put)(const void *cell, struct buf *out);
    void (*get)(void *cell, struct slice *in); /* sticky errors as slice */
    void (*drop)(void *cell);                  /* frees what a record owns; may be NULL */
    /* Four buckets to a record or more (up to 32 bytes each): for what is asked at every payment, where
     * a second record of a bucket would have to be fetched. */
    bool roomy;
};

enum vg_err keytab_new(const struct keytab_options *options, struct keytab **out) VG_MUST_CHECK;
void keytab_free(struct keytab *t);

/* Says that a key will be asked for soon: one step of fetching its record (keytab_step.h). */
void keytab_expect(const struct keytab *t, uint64_t key, enum keytab_step step);
/* Borrowed until the next keytab_touch(); NULL when unknown. Read only: marks nothing. */
const void *keytab_find(const struct keytab *t, uint64_t key);
/* The record, made zeroed when new (*fresh, may be NULL), marked as changed and as newest. NULL without memory
 * only. Borrowed until the next keytab_touch() of this table. */
void *keytab_touch(struct keytab *t, uint64_t key, bool *fresh);
/* Changes a known record without making it newer; NULL when unknown. */
void *keytab_change(struct keytab *t, uint64_t key);
void keytab_remove(struct keytab *t, uint64_t key);
/* The record touched longest ago; NULL when empty. */
const void *keytab_oldest(struct keytab *t, uint64_t *key);

/* Keys of up to `max` records, the one touched longest ago first; how many there are in `out`. */
size_t keytab_keys(struct keytab *t, uint64_t *out, size_t max);

size_t keytab_count(const struct keytab *t);
uint64_t keytab_evicted(const struct keytab *t);

/* Changed rows to `out`; keytab_save_as() for rows that are no detector's. */
void keytab_save(struct keytab *t, struct state_out *out);
void keytab_save_as(struct keytab *t, const struct sink *sink, const char *owner);
/* Whether a row key is this table's. */
bool keytab_owns(const struct keytab *t, struct slice key);
/* One row back. VG_ERR_FORMAT (version, damage; what was read before it stays), VG_ERR_NOMEM. */
enum vg_err keytab_load(struct keytab *t, struct slice key, uint16_t version,
                        struct slice blob) VG_MUST_CHECK;
