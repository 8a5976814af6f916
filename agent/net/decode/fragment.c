/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/decode/fragment.h"

#include <stdlib.h>

struct part {
    uint32_t begin, end;
};

struct datagram {
    bool used;
    struct net_addr src, dst;
    uint32_t id;
    uint8_t proto;
    int64_t first_ns;
    uint32_t ip_bytes, have, total;       /* total 0: the last fragment is not there yet */
    struct part part[FRAGMENT_PARTS_MAX]; /* sorted, never overlapping */
    unsigned parts;
    uint8_t *bytes; /* owned, FRAGMENT_BYTES_MAX; kept for the next user of this place */
};

struct fragments {
    struct net_counters *counters;
    struct datagram datagram[FRAGMENT_DATAGRAMS_MAX];
    unsigned used;
};

enum vg_err
fragments_new(struct net_counters *counters, struct fragments **out)
{
    struct fragments *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return VG_ERR_NOMEM;
    f->counters = counters;
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
drop(struct fragments *f, struct datagram *d)
{
    d->used = false;
    f->used--;
}

void
fragments_reset(struct fragments *f)
{
    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++)
        f->datagram[i].used = false;
    f->used = 0;
}

/* The place of this datagram, or a new one: a free one, else the oldest. */
static struct datagram *
find(struct fragments *f, const struct fragment *p)
{
    struct datagram *free_place = NULL, *oldest = NULL;

    for (size_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        struct datagram *d = &f->datagram[i];

        if (d->used && p->time_ns - d->first_ns > FRAGMENT_TIMEOUT_NS) {
            f->counters->fragments_dropped++;
            drop(f, d);
        }
        if (!d->used) {
            if (free_place == NULL)
                free_place = d;
            continue;
        }
        if (d->id == p->id && d->proto == p->proto && net_addr_eq(&d->src, p->src) &&
            net_addr_eq(&d->dst, p->dst))
            return d;
        if (oldest == NULL || d->first_ns < oldest->first_ns)
            oldest = d;
    }
    if (free_place == NULL) {
        f->counters->fragments_dropped++;
        drop(f, oldest);
        free_place = oldest;
    }
    if (free_place->bytes == NULL && (free_place->bytes = malloc(FRAGMENT_BYTES_MAX)) == NULL)
        return NULL;
    f->used++;
    *free_place = (struct datagram){.used = true,
                                    .src = *p->src,
                                    .dst = *p->dst,
                                    .id = p->id,
                                    .proto = p->proto,
                                    .first_ns = p->time_ns,
                                    .bytes = free_place->bytes};
    return free_place;
}

/* Copies the bytes begin..end that no earlier fragment gave, and merges the range into the list. */
static enum vg_err
merge(struct fragments *f, struct datagram *d, uint32_t begin, uint32_t end, struct slice in)
{
    struct part merged = {begin, end};
    uint32_t at = begin;
    unsigned first = 0, last;
    bool overlap = false;

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

            overlap = overlap || same > 0;
            slice_skip(&in, same);
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

enum vg_err
fragments_add(struct fragments *f, const struct fragment *p, struct slice *whole,
              uint32_t *ip_bytes)
{
    size_t len = p->bytes.left;
    struct datagram *d;
    enum vg_err err;

    f->counters->fragments++;
    if (p->offset + len > FRAGMENT_BYTES_MAX || (p->more && len % 8 != 0) || len == 0) {
        f->counters->fragments_dropped++;
        return VG_ERR_FORMAT;
    }
    d = find(f, p);
    if (d == NULL)
        return VG_ERR_NOMEM;
    d->ip_bytes += p->ip_bytes;
    err = merge(f, d, p->offset, p->offset + (uint32_t)len, p->bytes);
    if (err == VG_OK && !p->more) {
        uint32_t total = p->offset + (uint32_t)len;

        if ((d->total != 0 && d->total != total) || d->part[d->parts - 1].end > total)
            err = VG_ERR_FORMAT;
        d->total = total;
    }
    if (err != VG_OK) {
        f->counters->fragments_dropped++;
        drop(f, d);
        return err;
    }
    if (d->total == 0 || d->have < d->total)
        return VG_AGAIN;
    f->counters->fragments_joined++;
    *whole = slice_of(d->bytes, d->total);
    *ip_bytes = d->ip_bytes;
    drop(f, d);
    return VG_OK;
}
