/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of net.ransomware and their rows. */
#include "agent/detect/net_ransomware_private.h"

#include "agent/detect/codec.h"
#include "agent/detect/detectors.h"

enum { VERSION = 1, KEYTAB_OWN_BYTES = 48 /* keytab.h: what a record costs besides itself */ };

_Static_assert(RANSOM_SHARES_MAX *(sizeof(struct ransom_files) + KEYTAB_OWN_BYTES) +
                       RANSOM_CALLERS_MAX * (sizeof(struct ransom_calls) + KEYTAB_OWN_BYTES) +
                       sizeof(struct ransom_notes) <=
                   NET_RANSOMWARE_BYTES,
               "the memory of detectors is promised");

static void
put_files(const void *cell, struct buf *out)
{
    const struct ransom_files *x = cell;

    codec_put_i64(out, x->first_ns);
    buf_put_be32(out, x->renamed);
    buf_put_be32(out, x->same_ending);
    buf_put_be32(out, x->deleted);
    buf_put_be32(out, x->rewritten);
    buf_put_be32(out, x->opaque);
    buf_put_be32(out, x->read);
    buf_put_be32(out, x->ending);
    buf_put_u8(out, x->told);
    buf_put(out, x->seen, sizeof(x->seen));
    distinct_encode(&x->noted, out);
}

static void
get_files(void *cell, struct slice *in)
{
    struct ransom_files *x = cell;

    x->first_ns = codec_time(in);
    x->renamed = slice_be32(in);
    x->same_ending = slice_be32(in);
    x->deleted = slice_be32(in);
    x->rewritten = slice_be32(in);
    x->opaque = slice_be32(in);
    x->read = slice_be32(in);
    x->ending = slice_be32(in);
    x->told = slice_u8(in);
    (void)slice_copy(in, x->seen, sizeof(x->seen));
    distinct_decode(&x->noted, in);
}

static void
put_calls(const void *cell, struct buf *out)
{
    const struct ransom_calls *c = cell;

    codec_put_i64(out, c->first_ns);
    buf_put_be32(out, c->posts);
    buf_put_u8(out, c->told);
    buf_put_be64(out, c->path);
    distinct_encode(&c->forms, out);
    distinct_encode(&c->sites, out);
    distinct_encode(&c->bare, out);
}

static void
get_calls(void *cell, struct slice *in)
{
    struct ransom_calls *c = cell;

    c->first_ns = codec_time(in);
    c->posts = slice_be32(in);
    c->told = slice_u8(in);
    c->path = slice_be64(in);
    distinct_decode(&c->forms, in);
    distinct_decode(&c->sites, in);
    distinct_decode(&c->bare, in);
}

void
ransomware_save(void *self, struct state_out *out)
{
    struct ransomware *r = self;

    keytab_save(r->shares, out);
    keytab_save(r->callers, out);
}

enum vg_err
ransomware_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct ransomware *r = self;

    if (keytab_owns(r->shares, key))
        return keytab_load(r->shares, key, version, blob);
    return keytab_owns(r->callers, key) ? keytab_load(r->callers, key, version, blob)
                                        : VG_ERR_FORMAT;
}

enum vg_err
ransomware_tables(struct ransomware *r)
{
    const struct keytab_options shares = {.cell_bytes = sizeof(struct ransom_files),
                                          .cells_max = RANSOM_SHARES_MAX,
                                          .row_bits = 3,
                                          .name = 's',
                                          .version = VERSION,
                                          .put = put_files,
                                          .get = get_files};
    const struct keytab_options callers = {.cell_bytes = sizeof(struct ransom_calls),
                                           .cells_max = RANSOM_CALLERS_MAX,
                                           .row_bits = 4,
                                           .name = 'c',
                                           .version = VERSION,
                                           .put = put_calls,
                                           .get = get_calls};
    enum vg_err err = keytab_new(&shares, &r->shares);

    return err == VG_OK ? keytab_new(&callers, &r->callers) : err;
}
