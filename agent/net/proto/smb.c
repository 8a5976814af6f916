/* SPDX-License-Identifier: Apache-2.0 */
/* smb: the way from segments to commands. A command's head is seen in one piece, its data goes on as
 * it comes, everything else is passed over by counting. After a hole the next message is looked for
 * at its signature. */
#include "agent/net/proto/smb.h"

#include "agent/net/proto/protocols.h"

enum { PORT_NETBIOS = 139, PORT_SMB = 445 };
enum { NETBIOS_HEADER = 4, SIGNATURE_BYTES = 4, COMPRESSED_HEADER = 16 };
enum {
    NETBIOS_MESSAGE = 0,
    NETBIOS_REQUEST = 0x81,
    NETBIOS_POSITIVE = 0x82,
    NETBIOS_RETARGET = 0x84,
    NETBIOS_KEEPALIVE = 0x85,
};
enum { SIGN_SMB1 = 0xff, SIGN_SMB2 = 0xfe, SIGN_ENCRYPTED = 0xfd, SIGN_COMPRESSED = 0xfc };

/* The first byte of the signature at `in`; 0 where there is none. */
static uint8_t
signature(struct slice in)
{
    uint8_t first = slice_u8(&in);

    if (slice_u8(&in) != 'S' || slice_u8(&in) != 'M' || slice_u8(&in) != 'B' || in.bad ||
        first < SIGN_COMPRESSED)
        return 0;
    return first;
}

static enum probe
smb_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    bool by_port =
        sport == PORT_SMB || dport == PORT_SMB || sport == PORT_NETBIOS || dport == PORT_NETBIOS;
    struct slice in = head;
    uint8_t type = slice_u8(&in);
    uint32_t len = slice_be24(&in);

    if (type == NETBIOS_REQUEST || type == NETBIOS_POSITIVE) {
        if (sport != PORT_NETBIOS && dport != PORT_NETBIOS)
            return PROBE_NO;
        if (in.bad)
            return PROBE_MORE;
        return len == (type == NETBIOS_REQUEST ? 68U : 0U) ? PROBE_YES : PROBE_NO;
    }
    if (type != NETBIOS_MESSAGE)
        return PROBE_NO;
    if (head.left < NETBIOS_HEADER + SIGNATURE_BYTES) {
        uint8_t first = slice_u8(&in);

        return by_port || (!in.bad && first >= SIGN_COMPRESSED && len >= SMB1_HEADER) ? PROBE_MORE
                                                                                      : PROBE_NO;
    }
    return len >= COMPRESSED_HEADER && signature(in) != 0 ? PROBE_YES : PROBE_NO;
}

static void *
smb_open(const struct protocol_call *call)
{
    struct smb *s = net_parser_alloc(call->engine, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->client = call->flow->client;
    for (unsigned d = 0; d < 2; d++) {
        pull_init(&s->way[d].in, SMB_HEAD_MAX);
        s->way[d].body.file = SMB_NONE;
        s->way[d].related = SMB_NONE;
    }
    return s;
}

static void
smb_close(void *self, const struct protocol_call *call)
{
    smb_free(self, call);
}

/* ---- commands ---- */

/* Which part of the command is data, and the part of it that came with the head. */
static void
begin_body(struct smb *s, const struct protocol_call *call, struct slice head, size_t unit)
{
    struct smb_way *w = &s->way[call->dir];
    struct smb_body *body = &w->body;
    size_t want = head.left, left = unit - want;

    w->skip = w->data = 0;
    if (body->file == SMB_NONE || body->offset > unit)
        return;
    if (body->length > unit - body->offset)
        body->length = (uint32_t)(unit - body->offset);
    w->data = body->length;
    if (body->offset >= want) {
        w->skip = (uint32_t)(body->offset - want);
    } else {
        struct slice part;

        slice_skip(&head, body->offset);
        part = slice_sub(&head, body->length < head.left ? body->length : head.left);
        w->data -= (uint32_t)part.left;
        smb_file_data(s, call, body, part);
        body->at += part.left;
    }
    if (w->skip > left)
        w->skip = (uint32_t)left;
    if (w->data > left - w->skip)
        w->data = (uint32_t)(left - w->skip);
}

/* How much of a command must be there before it says how much we want to see of it. */
static size_t
least_of(uint8_t sign)
{
    switch (sign) {
    case SIGN_SMB1:
        return SMB1_HEADER;
    case SIGN_SMB2:
        return SMB2_HEADER;
    case SIGN_COMPRESSED:
        return COMPRESSED_HEADER;
    default:
        return SIGNATURE_BYTES;
    }
}

static void
run_command(struct smb *s, const struct protocol_call *call, uint8_t sign, struct slice head,
            uint32_t unit)
{
    struct smb_body *body = &s->way[call->dir].body;

    *body = (struct smb_body){.file = SMB_NONE};
    if (sign == SIGN_SMB1) {
        smb1_command(s, call, head, body);
    } else if (sign == SIGN_SMB2) {
        smb2_command(s, call, head, body);
    } else if (sign == SIGN_COMPRESSED) {
        smb2_compressed(s, call, head, unit);
    } else if (sign == SIGN_ENCRYPTED && !s->told_encrypted) {
        struct record r = smb_record(s, "encrypted", NULL);

        s->told_encrypted = true;
        smb_tell(s, call, &r);
    }
}

/* The head of the next command, or of what is none. VG_AGAIN: it is not all there. */
static enum vg_err
begin_command(struct smb *s, const struct protocol_call *call, struct slice *bytes)
{
    struct smb_way *w = &s->way[call->dir];
    size_t want = w->frame < SIGNATURE_BYTES ? w->frame : SIGNATURE_BYTES;
    uint32_t unit = w->frame;
    uint8_t sign = 0;
    struct slice head;
    enum vg_err err = pull_peek(&w->in, call, bytes, want, &head);

    if (err != VG_OK)
        return err;
    sign = signature(head);
    if (least_of(sign) > w->frame)
        sign = 0; /* too short to be one: passed over */
    else
        want = least_of(sign);
    err = pull_peek(&w->in, call, bytes, want, &head);
    if (err != VG_OK)
        return err;
    if (sign == SIGN_SMB2 && smb2_length(head, w->frame, &unit) != VG_OK)
        sign = 0;
    else if (sign == SIGN_SMB2)
        want = smb2_wanted(head, unit);
    else if (sign == SIGN_SMB1)
        want = smb1_wanted(head, unit);
    err = pull_peek(&w->in, call, bytes, want, &head);
    if (err != VG_OK)
        return err;
    run_command(s, call, sign, head, unit);
    begin_body(s, call, head, unit);
    pull_done(&w->in, call, bytes, want);
    w->unit = unit - (uint32_t)want;
    w->frame -= (uint32_t)want;
    return VG_OK;
}

static enum vg_err
begin_frame(struct smb *s, const struct protocol_call *call, struct slice *bytes)
{
    struct smb_way *w = &s->way[call->dir];
    struct slice head;
    enum vg_err err = pull_peek(&w->in, call, bytes, NETBIOS_HEADER, &head);
    uint8_t type;

    if (err != VG_OK)
        return err;
    type = slice_u8(&head);
    if (type != NETBIOS_MESSAGE && (type < NETBIOS_REQUEST || type > NETBIOS_KEEPALIVE))
        return VG_ERR_FORMAT;
    w->frame = slice_be24(&head);
    w->unit = type == NETBIOS_MESSAGE ? 0 : w->frame;
    w->skip = w->data = 0;
    w->related = SMB_NONE;
    pull_done(&w->in, call, bytes, NETBIOS_HEADER);
    return VG_OK;
}

/* ---- what lies within a command, behind its head ---- */

static uint32_t
least(uint32_t a, size_t b)
{
    return a < b ? a : (uint32_t)b;
}

static void
pass(struct smb *s, const struct protocol_call *call, struct slice *bytes)
{
    struct smb_way *w = &s->way[call->dir];
    uint32_t n;

    if (w->skip > 0) {
        n = least(w->skip, bytes->left);
        slice_skip(bytes, n);
        w->skip -= n;
    } else if (w->data > 0) {
        struct slice part = slice_sub(bytes, least(w->data, bytes->left));

        n = (uint32_t)part.left;
        smb_file_data(s, call, &w->body, part);
        w->body.at += n;
        w->data -= n;
    } else {
        n = least(w->unit, bytes->left);
        slice_skip(bytes, n);
    }
    w->unit -= n;
    w->frame -= n;
}

/* Moves *bytes to the first message that begins in it; false where none does. */
static bool
find_message(struct slice *bytes)
{
    struct slice in = *bytes;

    while (in.left >= NETBIOS_HEADER + SIGNATURE_BYTES) {
        struct slice at = in;
        const uint8_t *hit;

        if (slice_u8(&at) == NETBIOS_MESSAGE && slice_be24(&at) >= COMPRESSED_HEADER &&
            signature(at) != 0) {
            *bytes = in;
            return true;
        }
        slice_skip(&in, 1);
        hit = memchr(in.at, NETBIOS_MESSAGE, in.left);
        if (hit == NULL)
            return false;
        slice_skip(&in, (size_t)(hit - in.at));
    }
    return false;
}

static enum vg_err
smb_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct smb *s = self;
    struct smb_way *w = &s->way[call->dir];

    if (w->lost && !find_message(&bytes))
        return VG_OK;
    w->lost = false;
    while (bytes.left > 0) {
        enum vg_err err = VG_OK;

        if (w->unit > 0)
            pass(s, call, &bytes);
        else if (w->frame > 0)
            err = begin_command(s, call, &bytes);
        else
            err = begin_frame(s, call, &bytes);
        if (err == VG_ERR_FORMAT) { /* out of step */
            net_engine_counters(call->engine)->parser_errors++;
            pull_forget(&w->in, call);
            w->lost = true;
            if (!find_message(&bytes))
                return VG_OK;
            w->lost = false;
        } else if (err != VG_OK) {
            return err == VG_AGAIN ? VG_OK : err;
        }
    }
    return VG_OK;
}

static enum vg_err
smb_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct smb *s = self;
    struct smb_way *w = &s->way[call->dir];
    size_t kept = pull_forget(&w->in, call);

    if (w->lost)
        return VG_OK;
    if (kept > 0) { /* a head that stays incomplete: the frame's rest is passed over */
        w->frame = w->frame > kept ? w->frame - (uint32_t)kept : 0;
        w->unit = w->frame;
        w->skip = w->data = 0;
    }
    if (bytes > w->frame) {
        smb_file_gap(s, call, &w->body, w->data);
        w->frame = w->unit = w->skip = w->data = 0;
        w->lost = true;
        return VG_OK;
    }
    w->frame -= bytes;
    if (bytes > w->unit) { /* into another command of the compound */
        smb_file_gap(s, call, &w->body, w->data);
        w->unit = w->frame;
        w->skip = w->data = 0;
        return VG_OK;
    }
    w->unit -= bytes;
    if (bytes > w->skip) {
        uint32_t data = least(w->data, bytes - w->skip);

        smb_file_gap(s, call, &w->body, data);
        w->body.at += data;
        w->data -= data;
        w->skip = 0;
    } else {
        w->skip -= bytes;
    }
    return VG_OK;
}

const struct protocol PROTOCOL_SMB = {
    .name = "smb",
    .probe = smb_probe,
    .open = smb_open,
    .bytes = smb_bytes,
    .gap = smb_gap,
    .close = smb_close,
};
