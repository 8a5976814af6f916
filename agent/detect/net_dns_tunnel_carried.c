/* SPDX-License-Identifier: Apache-2.0 */
/* net.dns_tunnel: what one transaction could carry, and a zone in its row. */
#include "agent/detect/net_dns_tunnel_private.h"

#include <math.h>
#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/domain.h"
#include "agent/detect/name_look.h"

enum {
    PLAIN_BYTES = 2, /* of a new name that is no data */
    TEXT_MIN = 32,   /* a shorter text is a word, not data */
};

/* ---- names ---- */

static bool
word_like(struct str label)
{
    struct name_look look;

    name_look(label, &look);
    return look.chars <= 24 && look.odd == 0 && !name_look_coded(&look);
}

/* The last `n` labels of a name. */
static struct str
last_labels(struct str name, size_t n)
{
    size_t at = name.len;

    while (at > 0 && (name.at[at - 1] != '.' || --n > 0))
        at--;
    return str_n(name.at + at, name.len - at);
}

bool
dns_tunnel_split(struct str query, struct str *zone, struct str *prefix)
{
    struct str rest, last;

    if (query.len > 0 && query.at[query.len - 1] == '.')
        query.len--;
    if (domain_is_public(query)) {
        *zone = domain_registered(query);
    } else {
        if (memchr(query.at, '.', query.len) == NULL)
            return false; /* a browser tests whether its resolver answers everything */
        *zone = rest = last_labels(query, 2);
        /* multicast names that went to a resolver by mistake; browsers hide addresses in them */
        if (domain_under(query, str_of("local")))
            return false;
        while (name_label(&rest, &last))
            if (!word_like(last))
                *zone = str_of("");
    }
    if (zone->len >= query.len)
        return false;
    *prefix = str_n(query.at, query.len - zone->len - (zone->len > 0));
    return !domain_under(query, str_of("arpa"));
}

/* ---- what one transaction carries ---- */

static bool
odd_type(uint16_t type)
{
    return type == TYPE_NULL || type == TYPE_KEY || (type >= TYPE_PRIVATE && type < 65535);
}

/* Texts that came back: not those of mail servers ("v=spf1 ..."), nor sentences. */
static double
answer_bytes(const struct dns_view *v)
{
    double bytes = 0;

    if (v->qtype == TYPE_A || v->qtype == TYPE_AAAA || v->qtype == TYPE_SRV)
        return 0;
    for (size_t i = 0; i < v->answer_count; i++) {
        struct str a = v->answers[i];

        if (a.len >= TEXT_MIN && memchr(a.at, ' ', a.len) == NULL && memcmp(a.at, "v=", 2) != 0)
            bytes += (double)a.len / 2;
    }
    if (odd_type(v->qtype) && v->answer_bytes > v->query_bytes + TEXT_MIN)
        bytes = fmax(bytes, (double)(v->answer_bytes - v->query_bytes) / 2);
    return bytes;
}

struct dns_carried
dns_tunnel_carried(const struct dns_view *v, struct str prefix)
{
    struct dns_carried c = {0};
    struct name_look look;
    struct str label;
    bool odd_chars = false;

    while (name_label(&prefix, &label)) {
        name_look(label, &look);
        if (!name_look_coded(&look))
            continue;
        c.bytes += name_look_bytes(&look);
        odd_chars = odd_chars || look.odd > 0;
    }
    if (odd_type(v->qtype) || (odd_chars && c.bytes > 0)) {
        c.odd = c.bytes = 3 * fmax(c.bytes, PLAIN_BYTES);
    } else if (v->qtype == TYPE_TXT || v->qtype == TYPE_CNAME || v->qtype == TYPE_MX) {
        c.bytes *= 2;
    }
    c.bytes = fmax(c.bytes, PLAIN_BYTES) + answer_bytes(v);
    return c;
}

/* ---- rows ---- */

static void
put_tally(const struct tally *t, struct buf *out)
{
    buf_put_be64(out, (uint64_t)t->first_ns);
    codec_put_f32(out, t->bytes);
    buf_put_be32(out, t->names);
    buf_put_be32(out, t->queries);
}

static void
get_tally(struct tally *t, struct slice *in)
{
    t->first_ns = codec_time(in);
    t->bytes = codec_f32(in);
    t->names = slice_be32(in);
    t->queries = slice_be32(in);
}

void
dns_zone_put(const void *cell, struct buf *out)
{
    const struct zone *z = cell;

    put_tally(&z->fast, out);
    put_tally(&z->slow, out);
    codec_put_f32(out, z->odd);
    buf_put_be64(out, z->up);
    buf_put_be64(out, z->down);
    buf_put_be32(out, z->types);
    buf_put_u8(out, z->told);
    buf_put(out, z->seen, sizeof z->seen);
}

void
dns_zone_get(void *cell, struct slice *in)
{
    struct zone *z = cell;

    get_tally(&z->fast, in);
    get_tally(&z->slow, in);
    z->odd = codec_f32(in);
    z->up = slice_be64(in);
    z->down = slice_be64(in);
    z->types = slice_be32(in);
    z->told = slice_u8(in);
    (void)slice_copy(in, z->seen, sizeof z->seen);
}
