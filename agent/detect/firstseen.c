/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/firstseen.h"

#include <stdlib.h>

#include "agent/detect/codec.h"
#include "agent/detect/moments.h"

enum { STATE_VERSION = 1 };

struct seen {
    int64_t last_ns;
};

struct firstseen {
    struct firstseen_options o;
    struct keytab *keys;
    struct moments news; /* of 1 (new) and 0 (known) */
    int64_t since_ns;
    bool any, changed;
};

static void
seen_put(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct seen *)cell)->last_ns);
}

static void
seen_get(void *cell, struct slice *in)
{
    ((struct seen *)cell)->last_ns = codec_time(in);
}

enum vg_err
firstseen_new(const struct firstseen_options *o, struct firstseen **out)
{
    struct firstseen *s = calloc(1, sizeof *s);
    struct keytab_options keys = {.cell_bytes = sizeof(struct seen),
                                  .cells_max = o->keys_max,
                                  .row_bits = 1,
                                  .name = o->name,
                                  .version = STATE_VERSION,
                                  .put = seen_put,
                                  .get = seen_get};

    if (s == NULL)
        return VG_ERR_NOMEM;
    while ((o->keys_max >> keys.row_bits) > 64 && keys.row_bits < KEYTAB_ROW_BITS_MAX)
        keys.row_bits++;
    s->o = *o;
    if (keytab_new(&keys, &s->keys) != VG_OK) {
        free(s);
        return VG_ERR_NOMEM;
    }
    *out = s;
    return VG_OK;
}

void
firstseen_free(struct firstseen *s)
{
    if (s == NULL)
        return;
    keytab_free(s->keys);
    free(s);
}

bool
firstseen_knows(const struct firstseen *s, uint64_t key, int64_t now_ns)
{
    const struct seen *k = keytab_find(s->keys, key);

    return k != NULL && now_ns - k->last_ns <= s->o.age_ns;
}

bool
firstseen_see(struct firstseen *s, uint64_t key, int64_t now_ns, double weight, double *p)
{
    bool known = firstseen_knows(s, key, now_ns), fresh;
    struct seen *k;

    moments_forget(&s->news, now_ns, s->o.memory_ns);
    *p = known ? 1 : (s->news.mean * s->news.weight + 1) / (s->news.weight + 2);
    if (!(weight > 0))
        return !known;
    if (!s->any) {
        s->any = true;
        s->since_ns = now_ns;
    }
    s->changed = true;
    moments_add(&s->news, known ? 0 : 1, weight, now_ns, s->o.memory_ns);
    k = keytab_touch(s->keys, key, &fresh);
    if (k != NULL && (fresh || now_ns > k->last_ns))
        k->last_ns = now_ns;
    return !known;
}

int64_t
firstseen_learning_ns(const struct firstseen *s, int64_t now_ns)
{
    return s->any && now_ns > s->since_ns ? now_ns - s->since_ns : 0;
}

size_t
firstseen_count(const struct firstseen *s)
{
    return keytab_count(s->keys);
}

uint64_t
firstseen_evicted(const struct firstseen *s)
{
    return keytab_evicted(s->keys);
}

void
firstseen_save(struct firstseen *s, struct state_out *out)
{
    uint8_t name = (uint8_t)s->o.name;
    struct buf blob;

    keytab_save(s->keys, out);
    if (!s->changed)
        return;
    s->changed = false;
    buf_init(&blob, 256);
    moments_put(&s->news, &blob);
    codec_put_i64(&blob, s->since_ns);
    if (!blob.bad)
        state_put(out, slice_of(&name, 1), STATE_VERSION, buf_slice(&blob));
    buf_done(&blob);
}

bool
firstseen_owns(const struct firstseen *s, struct slice key)
{
    struct slice name = key;

    return keytab_owns(s->keys, key) || (key.left == 1 && slice_u8(&name) == (uint8_t)s->o.name);
}

enum vg_err
firstseen_load(struct firstseen *s, struct slice key, uint16_t version, struct slice blob)
{
    if (key.left != 1)
        return keytab_load(s->keys, key, version, blob);
    if (version != STATE_VERSION)
        return VG_ERR_FORMAT;
    moments_get(&s->news, &blob);
    s->since_ns = codec_time(&blob);
    s->any = !blob.bad;
    return blob.bad ? VG_ERR_FORMAT : VG_OK;
}
