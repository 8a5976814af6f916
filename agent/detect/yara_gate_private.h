/* SPDX-License-Identifier: Apache-2.0 */
/* yara_gate_private: the inside of a gate, for yara_gate.c (made from the rules) and yara_gate_look.c
 * (held against bytes) alone. */
#pragma once

#include "agent/detect/yara_gate.h"
#include "common/buf.h"

enum {
    QUAD = 4,
    HASH_BITS = 17,
    HEADS = 4096,
    STRIDE_MAX = 4,
    LONG_TEXT = 5, /* a shorter text is looked for at each byte */
    SHORT_HEADS = 1024,
    FOLD = 0x20, /* makes small letters of capitals; what else falls together only costs a scan */
};

struct text { /* one that a rule needs, folded; a short one only small letters */
    const uint8_t *at;
    size_t start; /* in `bytes` */
    uint16_t len, rule;
    uint8_t clause;
    bool wide;  /* NUL after each letter */
    bool later; /* a short one that is looked for once the rule has all else that it needs */
};

struct gram { /* four bytes of a text, folded */
    uint32_t quad;
    uint16_t next, text; /* next: 1 + its number, 0: the last of its chain */
    uint8_t back;        /* where they stand in the text */
};

struct yara_gate {
    uint8_t bits[(1 << HASH_BITS) / 8]; /* which hashes any gram has */
    uint8_t
        more[(1 << HASH_BITS) / 8]; /* the same of another hash: both are seldom set by chance */
    uint16_t head[HEADS];           /* chains of grams */
    struct buf bytes;               /* all texts */
    struct text *text;
    struct gram *gram;
    size_t text_count, gram_count, rule_count, set_count, without_needs, stride;
    bool shared;           /* all but `seen` and `open` is another's */
    bool odd;              /* a gram has a byte that is none of text's */
    uint8_t *asked, *seen; /* clauses of each rule, as bits */
    uint8_t *first;        /* those of `asked` that are not looked for later */
    struct slice whole;    /* what is looked at; empty where it comes in pieces */
    uint8_t *set;          /* of each rule */
    uint64_t *most, size;  /* bytes in which each rule can match; of what is looked at */
    uint64_t all, always;  /* sets; those with a rule that says nothing */
    uint64_t open;         /* sets of which a rule has all that it needs */
    uint8_t *pairs;        /* which two bytes a short text begins with; NULL: none is short */
    uint16_t short_head[SHORT_HEADS]; /* short texts by those two: 1 + number, 0: none */
    uint16_t *short_next;             /* of each text */
};

/* ASCII; half of the bytes of pictures and archives are not. */
static inline bool
is_of_text(uint8_t c)
{
    return c < 0x80;
}

static inline uint32_t
quad_hash(uint32_t quad)
{
    return (quad * 0x9e3779b1u) >> (32 - HASH_BITS);
}

static inline uint32_t
more_hash(uint32_t quad)
{
    return (quad * 0x85ebca6bu) >> (32 - HASH_BITS);
}

static inline uint32_t
pair_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8) | FOLD * 0x101u;
}

static inline uint32_t
pair_hash(uint32_t pair)
{
    return (pair * 0x9e3779b1u) >> 22;
}

/* Written out so that compilers make one load of it. */
static inline uint32_t
quad_at(const uint8_t *at)
{
    return ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
            (uint32_t)at[3] << 24) |
           FOLD * 0x01010101u;
}
