/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/link/frame.h"

#include <assert.h>

size_t
frame_begin(struct buf *out, enum frame_type type)
{
    size_t mark = out->len;

    buf_put_be32(out, 0); /* the length, filled in by frame_end() */
    buf_put_u8(out, (uint8_t)type);
    return mark;
}

void
frame_end(struct buf *out, size_t mark)
{
    size_t size;

    if (out->bad)
        return;
    assert(out->len >= mark + FRAME_HEAD_SIZE);
    size = out->len - mark - FRAME_HEAD_SIZE;
    if (size > FRAME_BYTES_MAX) {
        out->bad = true;
        return;
    }
    size += 1; /* the type counts */
    for (size_t i = 0; i < 4; i++)
        out->data[mark + i] = (uint8_t)(size >> (24 - 8 * i));
}

void
frame_put(struct buf *out, enum frame_type type, struct slice payload)
{
    size_t mark = frame_begin(out, type);

    if (payload.bad)
        out->bad = true;
    buf_put(out, payload.at, payload.left);
    frame_end(out, mark);
}

void
frame_put_text(struct buf *out, const void *text, size_t len)
{
    uint16_t fit = len > UINT16_MAX ? UINT16_MAX : (uint16_t)len;

    buf_put_be16(out, fit);
    buf_put(out, text, fit);
}

enum vg_err
frame_next(struct slice *in, enum frame_type *type, struct slice *payload)
{
    struct slice s = *in;
    uint32_t size = slice_be32(&s);
    uint8_t word;
    struct slice body;

    if (s.bad)
        return VG_AGAIN;
    if (size == 0)
        return VG_ERR_FORMAT;
    if (size - 1 > FRAME_BYTES_MAX)
        return VG_ERR_LIMIT;
    word = slice_u8(&s);
    body = slice_sub(&s, size - 1);
    if (s.bad || body.bad)
        return VG_AGAIN;
    *type = (enum frame_type)word;
    *payload = body;
    *in = s;
    return VG_OK;
}

struct slice
frame_text(struct slice *payload)
{
    uint16_t len = slice_be16(payload);

    return slice_sub(payload, len);
}

enum vg_err
frame_gate_pass(struct frame_gate *gate, void *role, enum frame_type type, struct slice payload)
{
    const struct frame_rule *rule = NULL;
    size_t i;

    assert(gate->count <= FRAME_GATE_MAX);
    for (i = 0; i < gate->count; i++)
        if (gate->rules[i].type == type) {
            rule = &gate->rules[i];
            break;
        }
    if (rule == NULL || payload.bad || payload.left < rule->min || payload.left > rule->max)
        return VG_ERR_DENIED;
    if (rule->times_max != FRAME_ANY_TIMES && gate->used[i].life >= rule->times_max)
        return VG_ERR_DENIED;
    if (rule->between_commits != FRAME_ANY_TIMES &&
        gate->used[i].since_commit >= rule->between_commits)
        return VG_ERR_DENIED;
    if (rule->bytes_between != FRAME_ANY_TIMES &&
        gate->used[i].bytes + payload.left > rule->bytes_between)
        return VG_ERR_DENIED;
    if (gate->used[i].life < UINT32_MAX)
        gate->used[i].life++;
    if (gate->used[i].since_commit < UINT32_MAX)
        gate->used[i].since_commit++;
    gate->used[i].bytes += payload.left;
    if (type == FRAME_COMMIT)
        for (size_t k = 0; k < gate->count; k++) {
            gate->used[k].since_commit = 0;
            gate->used[k].bytes = 0;
        }
    return rule->handle(role, payload);
}
