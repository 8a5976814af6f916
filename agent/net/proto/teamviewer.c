/* SPDX-License-Identifier: Apache-2.0 */
/* teamviewer: its own protocol on port 5938 (or 80 and 443), by the magic number and the command at
 * the head of each message, and its datagrams (analyses of Optiv and Awake Security). The content is
 * encrypted. Record "remote_help":
 *   tool     teamviewer
 *   version  1 or 2, of the message form
 *   session  true: a session with another machine is asked for or accepted; false: it only stands
 *            by at its maker's */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/record.h"

enum {
    MAGIC_1 = 0x1724,
    MAGIC_2 = 0x1130,
    HEAD_1_BYTES = 5,  /* magic, command, le16 length */
    HEAD_2_BYTES = 24, /* magic, command, 0, le32 length, 16 more */
    LENGTH_MAX = 1024 * 1024,
    COMMAND_MIN = 10,
    COMMAND_MAX = 120,
    MESSAGES_MAX = 64, /* looked at */
};
enum { REQUEST_CONNECT = 11, REQUEST_ROUTING = 24, ACCEPT_ROUTING = 47, REQUEST_ROUTE = 52 };

struct teamviewer {
    uint32_t skip[2]; /* bytes of the message that goes on */
    uint8_t head[2][HEAD_2_BYTES];
    uint8_t head_len[2];
    uint8_t messages, version;
    bool told;
};

/* The command and the bytes that follow the head; false where it is no head. `in` begins with it
 * and may be short: then *len is 0. */
static bool
read_head(struct slice in, uint8_t *version, uint8_t *command, uint32_t *head, uint32_t *len)
{
    uint16_t magic = slice_be16(&in);

    *len = 0;
    *command = slice_u8(&in);
    *version = magic == MAGIC_1 ? 1 : 2;
    *head = magic == MAGIC_1 ? HEAD_1_BYTES : HEAD_2_BYTES;
    if (in.bad)
        return true;
    if ((magic != MAGIC_1 && magic != MAGIC_2) || *command < COMMAND_MIN || *command > COMMAND_MAX)
        return false;
    if (magic == MAGIC_1) {
        *len = slice_le16(&in);
    } else {
        if (slice_u8(&in) != 0)
            return in.bad;
        *len = slice_le32(&in);
    }
    return in.bad || *len <= LENGTH_MAX;
}

static enum probe
teamviewer_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice magic = head;
    uint8_t first = slice_u8(&magic), second = slice_u8(&magic), version, command;
    uint32_t bytes, len;

    (void)sport;
    (void)dport;
    if (first != MAGIC_1 >> 8 && first != MAGIC_2 >> 8)
        return PROBE_NO;
    if (magic.bad)
        return PROBE_MORE;
    if (second != (first == MAGIC_1 >> 8 ? MAGIC_1 & 0xff : MAGIC_2 & 0xff) ||
        !read_head(head, &version, &command, &bytes, &len))
        return PROBE_NO;
    if (head.left < bytes)
        return PROBE_MORE;
    /* Two bytes are not enough to be sure: the next message, or the end, must be where it says. */
    slice_skip(&head, bytes);
    if (head.left <= len)
        return len > 0 && len - head.left <= LENGTH_MAX && command <= COMMAND_MAX / 2 ? PROBE_YES
                                                                                      : PROBE_NO;
    slice_skip(&head, len);
    return read_head(head, &version, &command, &bytes, &len) ? PROBE_YES : PROBE_NO;
}

static void *
teamviewer_open(const struct protocol_call *call)
{
    return net_parser_alloc(call->engine, sizeof(struct teamviewer));
}

static void
teamviewer_close(void *self, const struct protocol_call *call)
{
    net_parser_free(call->engine, self, sizeof(struct teamviewer));
}

static void
tell(const struct protocol_call *call, uint8_t version, bool session)
{
    struct record r = {.type = "remote_help"};

    record_text_put(&r, "tool", str_of("teamviewer"));
    if (version > 0)
        record_number(&r, "version", version);
    record_bool(&r, "session", session);
    record_tell(&r, call, call->flow->client);
}

static bool
begins_session(uint8_t command)
{
    return command == REQUEST_CONNECT || command == REQUEST_ROUTING || command == ACCEPT_ROUTING ||
           command == REQUEST_ROUTE;
}

static enum vg_err
on_head(struct teamviewer *tv, const struct protocol_call *call, uint8_t version, uint8_t command)
{
    bool session = begins_session(command);

    if (!tv->told || session)
        tell(call, version, session);
    tv->told = true;
    return session || ++tv->messages >= MESSAGES_MAX ? VG_END : VG_OK;
}

static enum vg_err
teamviewer_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct teamviewer *tv = self;
    unsigned d = call->dir;

    while (bytes.left > 0) {
        uint8_t version = 0, command = 0;
        uint32_t head = 0, len = 0;
        size_t skip = tv->skip[d] < bytes.left ? tv->skip[d] : bytes.left;
        enum vg_err err;

        slice_skip(&bytes, skip);
        tv->skip[d] -= (uint32_t)skip;
        if (bytes.left == 0)
            break;
        tv->head[d][tv->head_len[d]++] = slice_u8(&bytes);
        if (!read_head(slice_of(tv->head[d], tv->head_len[d]), &version, &command, &head, &len))
            return VG_END; /* what follows is another form, or encrypted */
        if (tv->head_len[d] < 3 || tv->head_len[d] < head)
            continue;
        tv->head_len[d] = 0;
        tv->skip[d] = len;
        err = on_head(tv, call, version, command);
        if (err != VG_OK)
            return err;
    }
    return VG_OK;
}

static enum vg_err
teamviewer_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct teamviewer *tv = self;

    if (bytes > tv->skip[call->dir])
        return VG_END;
    tv->skip[call->dir] -= bytes;
    return VG_OK;
}

/* ---- datagrams: between two machines once a session is on ---- */

static bool
teamviewer_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    uint8_t kind;

    if (slice_be64(&in) != 0)
        return false;
    slice_skip(&in, 2);
    kind = slice_u8(&in);
    if (slice_be16(&in) != MAGIC_1 || in.bad || in.left < 7 || kind < 3 || kind > 4)
        return false;
    tell(call, 0, true);
    call->flow->parser_done = true;
    return true;
}

const struct protocol PROTOCOL_TEAMVIEWER = {
    .name = "teamviewer",
    .probe = teamviewer_probe,
    .open = teamviewer_open,
    .bytes = teamviewer_bytes,
    .gap = teamviewer_gap,
    .close = teamviewer_close,
    .datagram = teamviewer_datagram,
};
