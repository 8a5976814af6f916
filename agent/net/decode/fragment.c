/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/decode/fragment.h"

#include <stdlib.h>

enum { FIRST_ROOM = 4096 }; /* grows by doubling */

struct part {
    uint32_t begin, end;
};

struct datagram {
    bool poisoned; /* an overlap: nothing of it is believed */
    struct net_addr src, dst;
    uint32_t id;
    uint8_t proto;
    int64_t first_ns;
    uint32_t ip_bytes, have, total;       /* total 0: the last fragment is not there yet */
    struct part part[FRAGMENT_PARTS_MAX]; /* sorted, never overlapping */
    unsigned parts;
    uint8_t *bytes; /* owned; NULL while the place is free */
    uint32_t room;
};

struct fragments {
    struct net_counters *counters;
    uint32_t key[FRAGMENT_DATAGRAMS_MAX]; /* 0: the place is free */
    struct datagram datagram[FRAGMENT_DATAGRAMS_MAX];
    size_t room;       /* of all datagrams */
    int64_t expire_ns; /* nothing is due before */
    size_t lent;       /* whose bytes the caller reads: a packet within may be a fragment again */
};

enum vg_err
fragments_new(struct net_counters *counters, struct fragments **out)
{
    struct fragments *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return VG_ERR_NOMEM;
    f->counters = counters;
    f->lent = FRAGMENT_DATAGRAMS_MAX;
    *out = f;
    return VG_OK;
}

void
fragments_free(struct fragments *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
        free(f->datagram[i].bytes);
    free(f);
}

static void
free_bytes(struct fragments *f, struct datagram *d)
{
    f->room -= d->room;
    free(d->bytes);
    d->bytes = NULL;
    d->room = 0;
}

static void
drop(struct fragments *f, struct datagram *d)
{
    f->key[d - f->datagram] = 0;
    free_bytes(f, d);
}

/* It is whole: the caller reads its bytes, and no longer those that were lent before. */
static void
lend(struct fragments *f, struct datagram *d)
{
    if (f->lent < FRAGMENT_DATAGRAMS_MAX)
        free_bytes(f, &f->datagram[f->lent]);
    f->key[d - f->datagram] = 0;
    f->lent = (size_t)(d - f->datagram);
}

void
fragments_reset(struct fragments *f)
{
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
        drop(f, &f->datagram[i]);
    f->expire_ns = 0;
    f->lent = FRAGMENT_DATAGRAMS_MAX;
}

/* Finds quickly; equal keys are compared in full. */
static uint32_t
key_of(const struct fragment *p)
{
    uint32_t h = p->id * 0x9e3779b1U ^ p->proto;

    for (unsigned i = 0; i < 16; i++)
        h = (h ^ p->src->bytes[i] ^ (uint32_t)p->dst->bytes[i] << 8) * 0x01000193U;
    return h != 0 ? h : 1;
}

static void
expire(struct fragments *f, int64_t now_ns)
{
    int64_t next = INT64_MAX;

    if (now_ns < f->expire_ns)
        return;
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        struct datagram *d = &f->datagram[i];

        if (f->key[i] == 0)
            continue;
        if (now_ns - d->first_ns > FRAGMENT_TIMEOUT_NS) {
            f->counters->fragments_dropped++;
            drop(f, d);
        } else if (d->first_ns < next) {
            next = d->first_ns;
        }
    }
    f->expire_ns = (next == INT64_MAX ? now_ns : next) + FRAGMENT_TIMEOUT_NS;
}

/* The oldest that waits, other than `spared`; NULL: there is none. */
static struct datagram *
oldest_but(struct fragments *f, const struct datagram *spared)
{
    struct datagram *oldest = NULL;

    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
        if (f->key[i] != 0 && &f->datagram[i] != spared &&
            (oldest == NULL || f->datagram[i].first_ns < oldest->first_ns))
            oldest = &f->datagram[i];
    return oldest;
}

/* The place of this datagram, or a new one: a free one, else the oldest. */
static struct datagram *
find(struct fragments *f, const struct fragment *p)
{
    uint32_t key = key_of(p);
    struct datagram *place = NULL;

    expire(f, p->time_ns);
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        struct datagram *d = &f->datagram[i];

        if (f->key[i] == 0 && place == NULL && i != f->lent)
            place = d;
        if (f->key[i] == key && d->id == p->id && d->proto == p->proto &&
            net_addr_eq(&d->src, p->src) && net_addr_eq(&d->dst, p->dst))
            return d;
    }
    if (place == NULL) {
        f->counters->fragments_dropped++;
        place = oldest_but(f, NULL);
        if (place == NULL)
            return NULL;
    }
    free_bytes(f, place);
    f->key[place - f->datagram] = key;
    *place = (struct datagram){
        .src = *p->src, .dst = *p->dst, .id = p->id, .proto = p->proto, .first_ns = p->time_ns};
    return place;
}

/* Room for bytes up to `end`; where all have too much together, the oldest others go. */
static enum vg_err
make_room(struct fragments *f, struct datagram *d, uint32_t end)
{
    uint32_t room = d->room > 0 ? d->room : FIRST_ROOM;
    uint8_t *grown;

    while (room < end)
        room *= 2;
    if (room == d->room)
        return VG_OK;
    while (f->room - d->room + room > FRAGMENT_POOL_BYTES) {
        struct datagram *other = oldest_but(f, d);

        if (other == NULL)
            return VG_ERR_LIMIT;
        f->counters->fragments_dropped++;
        drop(f, other);
    }
    grown = realloc(d->bytes, room);
    if (grown == NULL)
        return VG_ERR_NOMEM;
    f->room += room - d->room;
    d->bytes = grown;
    d->room = room;
    return VG_OK;
}

/* Whether all of these bytes came before, just so. */
static bool
repeated(const struct datagram *d, uint32_t begin, struct slice in)
{
    for (unsigned i = 0; i < d->parts; i++)
        if (d->part[i].begin <= begin && begin + in.left <= d->part[i].end)
            return memcmp(d->bytes + begin, in.at, in.left) == 0;
    return false;
}

/* Copies the bytes begin..end that no earlier fragment gave, and merges the range into the list. */
static enum vg_err
merge(struct fragments *f, struct datagram *d, uint32_t begin, uint32_t end, struct slice in)
{
    struct part merged = {begin, end};
    uint32_t at = begin;
    unsigned first = 0, last;
    bool overlap = false, conflict = false;

    while (first < d->parts && d->part[first].end < begin)
        first++;
    for (last = first; last < d->parts && d->part[last].begin <= end; last++) {
        struct part *have = &d->part[last];

        if (have->begin > at) {
            if (!slice_copy(&in, d->bytes + at, have->begin - at))
                return VG_ERR_FORMAT;
            d->have += have->begin - at;
            at = have->begin;
        }
        if (have->end > at && have->begin < end) {
            uint32_t same = (have->end < end ? have->end : end) - at;

            const uint8_t *again = slice_take(&in, same);

            if (again == NULL)
                return VG_ERR_FORMAT;
            overlap = overlap || same > 0;
            conflict = conflict || memcmp(again, d->bytes + at, same) != 0;
            at += same;
        }
        merged.begin = have->begin < merged.begin ? have->begin : merged.begin;
        merged.end = have->end > merged.end ? have->end : merged.end;
    }
    if (at < end) {
        if (!slice_copy(&in, d->bytes + at, end - at))
            return VG_ERR_FORMAT;
        d->have += end - at;
    }
    f->counters->fragments_overlap += overlap;
    f->counters->fragments_conflict += conflict;
    if (overlap && d->src.family == 6) { /* RFC 5722 */
        d->poisoned = true;
        return VG_ERR_FORMAT;
    }
    if (last == first && d->parts == FRAGMENT_PARTS_MAX)
        return VG_ERR_LIMIT;
    if (last == first)
        memmove(&d->part[first + 1], &d->part[first], (d->parts - first) * sizeof(d->part[0]));
    else
        memmove(&d->part[first + 1], &d->part[last], (d->parts - last) * sizeof(d->part[0]));
    d->parts = d->parts + 1 - (last - first);
    d->part[first] = merged;
    return VG_OK;
}

/* Refuses what no sender makes; VG_OK when it may be looked at. */
static enum vg_err
inspect(struct fragments *f, const struct fragment *p)
{
    size_t len = p->bytes.left;

    f->counters->fragments++;
    if (p->offset + len > FRAGMENT_BYTES_MAX) {
        f->counters->fragments_oversize++; /* the ping of death */
        return VG_ERR_LIMIT;
    }
    if ((p->more && len % 8 != 0) || len == 0)
        return VG_ERR_FORMAT;
    if (p->proto == IPPROTO_NUM_TCP && p->offset < FRAGMENT_TINY_BYTES &&
        p->offset + (p->offset == 0 ? len : 0) < FRAGMENT_TINY_BYTES)
        f->counters->fragments_tiny++;
    return VG_OK;
}

/* Puts it where it belongs; the datagram's end is known from its last fragment. */
static enum vg_err
place(struct fragments *f, struct datagram *d, const struct fragment *p)
{
    uint32_t end = p->offset + (uint32_t)p->bytes.left;
    enum vg_err err = make_room(f, d, end);

    if (err == VG_OK)
        err = merge(f, d, p->offset, end, p->bytes);
    if (err != VG_OK)
        return err;
    if (!p->more) {
        if (d->total != 0 && d->total != end)
            return VG_ERR_FORMAT;
        d->total = end;
    }
    return d->total != 0 && d->part[d->parts - 1].end > d->total ? VG_ERR_FORMAT : VG_OK;
}

enum vg_err
fragments_add(struct fragments *f, const struct fragment *p, struct slice *whole,
              uint32_t *ip_bytes)
{
    enum vg_err err = inspect(f, p);
    struct datagram *d;

    if (err != VG_OK) {
        f->counters->fragments_dropped++;
        return err;
    }
    d = find(f, p);
    if (d == NULL)
        return VG_ERR_NOMEM;
    if (d->poisoned) {
        f->counters->fragments_dropped++;
        return VG_ERR_FORMAT;
    }
    d->ip_bytes += p->ip_bytes;
    if (repeated(d, p->offset, p->bytes))
        return VG_AGAIN;
    err = place(f, d, p);
    if (err != VG_OK) {
        f->counters->fragments_dropped++;
        if (!d->poisoned)
            drop(f, d);
        return err;
    }
    if (d->total == 0 || d->have < d->total)
        return VG_AGAIN;
    f->counters->fragments_joined++;
    *whole = slice_of(d->bytes, d->total);
    *ip_bytes = d->ip_bytes;
    lend(f, d);
    return VG_OK;
}
