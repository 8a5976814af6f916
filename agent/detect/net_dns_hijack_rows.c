/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of net.dns_hijack: 'c' clients, 'a' addresses, 'w' wanted names, 'h' what is handed out,
 * 't' what two resolvers said. */
#include "agent/detect/net_dns_hijack_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"
#include "agent/detect/net_common.h"

enum { HIJACK_VERSION = 1 };

static void
put_client(const void *cell, struct buf *out)
{
    const struct client *c = cell;

    buf_put_u8(out, c->count);
    for (size_t i = 0; i < c->count; i++) {
        net_addr_encode(&c->resolver[i].addr, out);
        buf_put_be32(out, c->resolver[i].answers);
        buf_put_u8(out, c->resolver[i].told);
    }
}

static void
get_client(void *cell, struct slice *in)
{
    struct client *c = cell;
    uint8_t n = slice_u8(in);

    if (n > RESOLVERS_MAX)
        in->bad = true;
    for (size_t i = 0; i < n && !in->bad; i++, c->count++) {
        c->resolver[i].addr = net_addr_decode(in);
        c->resolver[i].answers = slice_be32(in);
        c->resolver[i].told = slice_u8(in) != 0;
    }
}

static void
put_address(const void *cell, struct buf *out)
{
    const struct address *a = cell;

    codec_put_i64(out, a->from_ns);
    codec_put_i64(out, a->told_ns);
    buf_put_u8(out, a->kinds);
    buf_put_u8(out, a->made_up);
    buf_put_u8(out, a->domains);
    for (size_t i = 0; i < a->domains; i++)
        buf_put_be32(out, a->domain[i]);
}

static void
get_address(void *cell, struct slice *in)
{
    struct address *a = cell;
    uint8_t n;

    a->from_ns = codec_time(in);
    a->told_ns = codec_time(in);
    a->kinds = slice_u8(in);
    a->made_up = slice_u8(in);
    n = slice_u8(in);
    if (n > DOMAINS_MAX)
        in->bad = true;
    for (size_t i = 0; i < n && !in->bad; i++)
        a->domain[a->domains++] = slice_be32(in);
}

static void
put_wanted(const void *cell, struct buf *out)
{
    const struct wanted *w = cell;

    codec_put_i64(out, w->at_ns);
    buf_put_u8(out, w->visited);
    codec_put_name(out, w->name);
}

static void
get_wanted(void *cell, struct slice *in)
{
    struct wanted *w = cell;
    w->at_ns = codec_time(in);
    w->visited = slice_u8(in) != 0;
    codec_name(in, w->name, sizeof(w->name));
}

static void
put_handed(const void *cell, struct buf *out)
{
    const struct handed *h = cell;

    buf_put_be32(out, h->dns);
    codec_put_i64(out, h->since_ns);
}

static void
get_handed(void *cell, struct slice *in)
{
    struct handed *h = cell;

    h->dns = slice_be32(in);
    h->since_ns = codec_time(in);
}

static void
put_twice(const void *cell, struct buf *out)
{
    const struct twice *t = cell;

    for (size_t i = 0; i < VG_ARRAY_LEN(t->said); i++) {
        const struct said *s = &t->said[i];

        codec_put_i64(out, s->at_ns);
        buf_put_be32(out, s->ttl);
        net_addr_encode(&s->resolver, out);
        buf_put_u8(out, s->told);
        buf_put_u8(out, s->count);
        for (size_t n = 0; n < s->count; n++)
            net_addr_encode(&s->address[n], out);
    }
}

static void
get_twice(void *cell, struct slice *in)
{
    struct twice *t = cell;

    for (size_t i = 0; i < VG_ARRAY_LEN(t->said); i++) {
        struct said *s = &t->said[i];
        uint8_t n;

        s->at_ns = codec_time(in);
        s->ttl = slice_be32(in);
        s->resolver = net_addr_decode(in);
        s->told = slice_u8(in) != 0;
        n = slice_u8(in);
        if (n > SAID_ADDRESSES)
            in->bad = true;
        while (s->count < n && !in->bad)
            s->address[s->count++] = net_addr_decode(in);
    }
}

_Static_assert(CLIENTS_MAX *(sizeof(struct client) + 48) +
                       ADDRESSES_MAX * (sizeof(struct address) + 48) +
                       WANTED_MAX * (sizeof(struct wanted) + 48) +
                       HANDED_MAX * (sizeof(struct handed) + 48) +
                       TWICE_MAX * (sizeof(struct twice) + 48) <=
                   NET_DNS_HIJACK_BYTES,
               "the memory of detectors is promised");

enum vg_err
hijack_tables(struct hijack *h)
{
    static const struct keytab_options options[] = {
        {sizeof(struct client), CLIENTS_MAX, 3, 'c', HIJACK_VERSION, false, put_client, get_client,
         NULL, false},
        {sizeof(struct address), ADDRESSES_MAX, 4, 'a', HIJACK_VERSION, false, put_address,
         get_address, NULL, false},
        {sizeof(struct wanted), WANTED_MAX, 1, 'w', HIJACK_VERSION, false, put_wanted, get_wanted,
         NULL, false},
        {sizeof(struct handed), HANDED_MAX, 1, 'h', HIJACK_VERSION, false, put_handed, get_handed,
         NULL, false},
        {sizeof(struct twice), TWICE_MAX, 3, 't', HIJACK_VERSION, false, put_twice, get_twice, NULL,
         false},
    };
    struct keytab **tables[] = {&h->clients, &h->addresses, &h->wanted, &h->handed, &h->twice};
    enum vg_err err = VG_OK;

    for (size_t i = 0; i < VG_ARRAY_LEN(tables) && err == VG_OK; i++)
        err = keytab_new(&options[i], tables[i]);
    return err;
}

void
hijack_save(void *self, struct state_out *out)
{
    struct hijack *h = self;

    keytab_save(h->clients, out);
    keytab_save(h->addresses, out);
    keytab_save(h->wanted, out);
    keytab_save(h->handed, out);
    keytab_save(h->twice, out);
}

enum vg_err
hijack_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct hijack *h = self;
    struct keytab *tables[] = {h->clients, h->addresses, h->wanted, h->handed, h->twice};

    for (size_t i = 0; i < VG_ARRAY_LEN(tables); i++) {
        if (keytab_owns(tables[i], key))
            return keytab_load(tables[i], key, version, blob);
    }
    return VG_ERR_FORMAT;
}
