/* SPDX-License-Identifier: Apache-2.0 */
/* str: borrowed text with a length, and the seeded hash for tables whose keys a peer chooses. */
#pragma once

#include <string.h>

#include "common/base.h"

struct str {
    const char *at; /* never NULL; no NUL at the end */
    size_t len;
};

static inline struct str
str_of(const char *text)
{
    return text != NULL ? (struct str){text, strlen(text)} : (struct str){"", 0};
}

static inline struct str
str_n(const void *at, size_t len)
{
    return len > 0 ? (struct str){at, len} : (struct str){"", 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static inline bool
str_is(struct str a, const char *b)
{
    return str_eq(a, str_of(b));
}

/* ASCII letters without case. */
bool str_eq_nocase(struct str a, struct str b);
/* Whether the part, which is not empty, stands anywhere in it. */
bool str_has(struct str s, struct str part);
bool str_has_nocase(struct str s, struct str part);

/* In place: control characters (also C1, as UTF-8 has them) become '?', so that text from elsewhere steers no
 * terminal on which it is shown. */
void str_plain(char *text);

/* SipHash-1-3 (Aumasson and Bernstein, 2012). The key of a process is random, so that nobody who
 * chooses keys chooses collisions; results must never depend on its value. */
struct hash_key {
    uint64_t k0, k1;
};
uint64_t str_hash(const struct hash_key *key, const void *bytes, size_t len);
/* Its form of 128 bits, for what must not be mistaken for another even once. */
void str_hash_wide(const struct hash_key *key, const void *bytes, size_t len, uint64_t out[2]);
/* A fixed key for what is stored across runs (dedupe sets, sketches). */
extern const struct hash_key STR_HASH_STORED;
