/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/codec.h"
#include "agent/detect/net_beacon_private.h"

static void
encode_ring(const uint32_t ring[BEACON_RING], uint32_t count, struct buf *out)
{
    buf_put_be32(out, count);
    for (size_t i = 0; i < BEACON_RING && i < count; i++)
        buf_put_be32(out, ring[i]);
}

static void
decode_ring(uint32_t ring[BEACON_RING], uint32_t *count, struct slice *in)
{
    *count = slice_be32(in);
    for (size_t i = 0; i < BEACON_RING && i < *count; i++)
        ring[i] = slice_be32(in);
}

static void
encode_pair(const void *value, struct buf *out)
{
    const struct beacon_pair *p = value;

    buf_put_be64(out, (uint64_t)p->first_ns);
    buf_put_be64(out, (uint64_t)p->last_ns);
    buf_put_be32(out, p->visits);
    buf_put_be32(out, p->next_test);
    buf_put_be32(out, p->looks);
    buf_put_u8(out, (uint8_t)(p->reported | p->bare << 1));
    encode_ring(p->interval_ms, p->interval_count, out);
    encode_ring(p->size, p->size_count, out);
    buf_put_u8(out, (uint8_t)strlen(p->name));
    buf_put_str(out, p->name);
    buf_put_u8(out, p->path_count);
    for (size_t i = 0; i < p->path_count; i++)
        buf_put_be32(out, p->path[i]);
    buf_put_be32(out, p->poll_path);
    buf_put_be32(out, p->poll_count);
    buf_put_be64(out, (uint64_t)p->poll_ns);
}

static void
decode_pair(void *value, struct slice *in)
{
    struct beacon_pair *p = value;
    uint8_t flags, len, paths;

    p->first_ns = codec_time(in);
    p->last_ns = codec_time(in);
    p->visits = slice_be32(in);
    p->next_test = slice_be32(in);
    p->looks = slice_be32(in);
    flags = slice_u8(in);
    p->reported = (flags & 1) != 0;
    p->bare = (flags & 2) != 0;
    decode_ring(p->interval_ms, &p->interval_count, in);
    decode_ring(p->size, &p->size_count, in);
    len = slice_u8(in);
    if (len >= BEACON_NAME_MAX)
        slice_skip(in, SIZE_MAX); /* not ours */
    (void)slice_copy(in, p->name, len);
    paths = slice_u8(in);
    for (size_t i = 0; i < paths && i < BEACON_PATHS_MAX; i++)
        p->path[p->path_count++] = slice_be32(in);
    p->poll_path = slice_be32(in);
    p->poll_count = slice_be32(in);
    p->poll_ns = codec_time(in);
}

static void
encode_place(const void *value, struct buf *out)
{
    const struct beacon_place *p = value;

    buf_put_u8(out, p->count);
    for (size_t i = 0; i < p->count; i++)
        buf_put_be32(out, p->caller[i]);
}

static void
decode_place(void *value, struct slice *in)
{
    struct beacon_place *p = value;
    uint8_t count = slice_u8(in);

    for (size_t i = 0; i < count && i < BEACON_CALLERS_MAX; i++)
        p->caller[p->count++] = slice_be32(in);
}

void
beacon_save(void *self, struct state_out *out)
{
    struct beacon *b = self;
    struct buf blob;

    keyed_save(b->pairs, out, 'p', BEACON_VERSION, encode_pair);
    keyed_save(b->places, out, 'd', BEACON_VERSION, encode_place);
    if (!b->since_changed)
        return;
    buf_init(&blob, 64);
    buf_put_be64(&blob, (uint64_t)b->since_ns);
    if (!blob.bad) {
        state_put(out, slice_of("i", 1), BEACON_VERSION, buf_slice(&blob));
        b->since_changed = false;
    }
    buf_done(&blob);
}

enum vg_err
beacon_load(void *self, struct slice key, uint16_t version, struct slice blob)
{
    struct beacon *b = self;
    int64_t since_ns;

    if (version != BEACON_VERSION)
        return VG_ERR_FORMAT;
    switch (slice_u8(&key)) {
    case 'p':
        return keyed_load(b->pairs, key, blob, decode_pair);
    case 'd':
        return keyed_load(b->places, key, blob, decode_place);
    case 'i':
        since_ns = codec_time(&blob);
        if (blob.bad || blob.left != 0)
            return VG_ERR_FORMAT;
        b->since_ns = since_ns;
        return VG_OK;
    default:
        return VG_ERR_FORMAT;
    }
}
