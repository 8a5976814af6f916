/* SPDX-License-Identifier: Apache-2.0 */
/* keytab_private: the inside of a keytab, for keytab.c and keytab_rows.c alone. */
#pragma once

#include "agent/detect/keytab.h"

#define KEYTAB_NIL UINT32_MAX
enum { PLACES_PER_ROW = 64 };

struct keytab_cell {
    uint64_t key, seq;            /* seq: when it was touched, in touches */
    uint32_t chain, older, newer; /* chain: also the free list */
    uint32_t used;
};

struct keytab {
    struct keytab_options o;
    size_t stride;
    uint8_t *cells;
    uint32_t room, top, count; /* allocated, ever used, live */
    uint32_t free_list;
    uint32_t *heads;
    unsigned head_bits;
    uint32_t oldest, newest;
    uint64_t seq;
    uint64_t evicted;
    bool unsorted; /* rows came back in any order */
    /* The list is in the order of touches, and kept so: from when somebody asks for the oldest, which most
     * tables never see. Before, touches are told by `seq` alone. */
    bool ordered;
    uint64_t dirty[(1 << KEYTAB_ROW_BITS_MAX) / 64];
};

static inline struct keytab_cell *
keytab_cell(const struct keytab *t, uint32_t i)
{
    return (struct keytab_cell *)(void *)(t->cells + (size_t)i * t->stride);
}

static inline void *
keytab_payload(struct keytab_cell *c)
{
    return c + 1;
}

/* Place of a key, KEYTAB_NIL when unknown. */
uint32_t keytab_index(const struct keytab *t, uint64_t key);
/* A new record; KEYTAB_NIL without memory. */
uint32_t keytab_insert(struct keytab *t, uint64_t key, uint64_t seq);
/* The same into a place of its own, when rows by place come back; KEYTAB_NIL without memory or where
 * the place is taken or beyond the table. */
uint32_t keytab_insert_at(struct keytab *t, uint32_t i, uint64_t key, uint64_t seq);
void keytab_unlink(struct keytab *t, uint32_t i);
