/* SPDX-License-Identifier: Apache-2.0 */
/* yara_gate_private: the inside of a gate, for yara_gate.c (made from the rules) and yara_gate_look.c
 * (held against bytes) alone. */
#pragma once

#include "agent/detect/yara_gate.h"
#include "common/buf.h"

enum {
    GRAM = 3,
    HASH_BITS = 16,
    HEADS = 4096,
    STRIDE_MAX = 4,
    LONG_TEXT = 4, /* a shorter text is looked for at each byte */
    FOLD = 0x20,   /* makes small letters of capitals; what else falls together only costs a scan */
};

struct text { /* one that a rule needs, folded; a short one only small letters */
    const uint8_t *at;
    size_t start; /* in `bytes` */
    uint16_t len, rule;
    uint8_t clause;
    bool wide; /* NUL after each letter */
};

struct gram {            /* three bytes of a text */
    uint32_t begins;     /* the text's first four: most others of the chain differ in them */
    uint16_t next, text; /* next: 1 + its number, 0: the last of its chain */
    uint8_t back;        /* where they stand in the text */
};

struct yara_gate {
    uint8_t bits[(1 << HASH_BITS) / 8]; /* which hashes any gram has */
    /* Chains of grams. Folded, those of wide texts are letters and spaces, of which all texts are
     * full: they are looked through only where there are NULs. */
    uint16_t head[HEADS], wide_head[HEADS];
    struct buf bytes; /* all texts */
    struct text *text;
    struct gram *gram;
    size_t text_count, gram_count, rule_count, without_needs, stride;
    bool shared;              /* all but `seen` and `open` is another's */
    uint8_t *asked, *seen;    /* clauses of each rule, as bits */
    uint8_t *set;             /* of each rule */
    uint64_t all, always;     /* sets; those with a rule that says nothing */
    uint64_t open;            /* sets of which a rule has all that it needs */
    uint8_t *pairs;           /* which two bytes a short text begins with; NULL: none is short */
    uint16_t short_head[256]; /* short texts by their first byte, folded: 1 + number, 0: none */
    uint16_t *short_next;     /* of each text */
};

/* Of the three lowest bytes, folded. */
static inline uint32_t
gram_hash(uint32_t gram)
{
    return ((gram & 0xffffffu) * 0x9e3779b1u) >> (32 - HASH_BITS);
}

/* Written out so that compilers make one load of it. */
static inline uint32_t
gram_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16) | FOLD * 0x10101u;
}

static inline uint32_t
pair_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8) | FOLD * 0x101u;
}

static inline uint32_t
quad_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
            (uint32_t)at[3] << 24) |
           FOLD * 0x01010101u;
}
