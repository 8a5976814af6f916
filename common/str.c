/* SPDX-License-Identifier: Apache-2.0 */
#include "common/str.h"

const struct hash_key STR_HASH_STORED = {UINT64_C(0x7669676961207631),
                                         UINT64_C(0x2d6761706c657373)};

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

void
str_plain(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != 0; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
            at[0] = at[1] = '?';
    }
}

bool
str_has(struct str s, struct str part)
{
    const char *at = s.at, *last;

    if (part.len == 0 || s.len < part.len)
        return false;
    last = s.at + (s.len - part.len); /* where it may begin at the latest */
    for (; at <= last && (at = memchr(at, part.at[0], (size_t)(last - at) + 1)) != NULL; at++)
        if (memcmp(at, part.at, part.len) == 0)
            return true;
    return false;
}

/* Where the character stands next from `at` on; `end` where it does not. */
static const char *
next_place(const char *at, const char *end, char c)
{
    const char *place = memchr(at, c, (size_t)(end - at));

    return place != NULL ? place : end;
}

bool
str_has_nocase(struct str s, struct str part)
{
    const char *small, *capital, *end;
    char c, upper;

    if (part.len == 0 || s.len < part.len)
        return false;
    c = lower(part.at[0]);
    upper = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    end = s.at + (s.len - part.len) + 1; /* behind where it may begin */
    small = next_place(s.at, end, c);
    capital = upper != c ? next_place(s.at, end, upper) : end;
    while (small < end || capital < end) {
        const char **next = small < capital ? &small : &capital;

        if (str_eq_nocase(str_n(*next, part.len), part))
            return true;
        *next = next_place(*next + 1, end, next == &small ? c : upper);
    }
    return false;
}

#define ROTL(x, n) ((x) << (n) | (x) >> (64 - (n)))

#define SIP_ROUND(v0, v1, v2, v3)                                                                  \
    do {                                                                                           \
        v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32);                                  \
        v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2;                                                     \
        v0 += v3, v3 = ROTL(v3, 21), v3 ^= v0;                                                     \
        v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32);                                  \
    } while (0)

struct sip {
    uint64_t v0, v1, v2, v3;
};

/* The state once all bytes are in. `wide`: nothing, or what the form of 128 bits begins with. */
static inline struct sip
sip_absorb(const struct hash_key *key, const void *bytes, size_t len, uint64_t wide)
{
    const uint8_t *p = bytes;
    uint64_t v0 = key->k0 ^ UINT64_C(0x736f6d6570736575);
    uint64_t v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d) ^ wide;
    uint64_t v2 = key->k0 ^ UINT64_C(0x6c7967656e657261);
    uint64_t v3 = key->k1 ^ UINT64_C(0x7465646279746573);
    uint64_t tail = (uint64_t)len << 56;
    size_t whole = len & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        uint64_t m;

        memcpy(&m, p + i, 8); /* little-endian machines only: the platforms that we build for */
        v3 ^= m;
        SIP_ROUND(v0, v1, v2, v3);
        v0 ^= m;
    }
    if (len > whole && len >= 8) { /* the last eight bytes, without those that were taken */
        uint64_t last;

        memcpy(&last, p + len - 8, 8);
        tail |= last >> (8 * (8 - (len - whole)));
    } else {
        for (size_t i = whole; i < len; i++)
            tail |= (uint64_t)p[i] << (8 * (i - whole));
    }
    v3 ^= tail;
    SIP_ROUND(v0, v1, v2, v3);
    v0 ^= tail;
    return (struct sip){v0, v1, v2, v3};
}

static inline uint64_t
sip_end(struct sip *s)
{
    SIP_ROUND(s->v0, s->v1, s->v2, s->v3);
    SIP_ROUND(s->v0, s->v1, s->v2, s->v3);
    SIP_ROUND(s->v0, s->v1, s->v2, s->v3);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

uint64_t
str_hash(const struct hash_key *key, const void *bytes, size_t len)
{
    struct sip s = sip_absorb(key, bytes, len, 0);

    s.v2 ^= 0xff;
    return sip_end(&s);
}

void
str_hash_wide(const struct hash_key *key, const void *bytes, size_t len, uint64_t out[2])
{
    struct sip s = sip_absorb(key, bytes, len, 0xee);

    s.v2 ^= 0xee;
    out[0] = sip_end(&s);
    s.v1 ^= 0xdd;
    out[1] = sip_end(&s);
}
