/* SPDX-License-Identifier: Apache-2.0 */
/* ssh: banners, algorithms and, from the sizes of what is encrypted, log-ins (RFC 4253).
 *
 * Record "ssh", once both sides made their offer (or at the end, with what there was):
 *   client, server      the banners ("SSH-2.0-OpenSSH_9.2p1 Debian-2")
 *   hassh, hassh_server MD5 of each side's offer (ssh_kex.h)
 *   kex, host_key, cipher, mac, compression   what they agree on, client to server
 * Log-ins: ssh_auth.h. */
#include "agent/net/engine.h"
#include "agent/net/proto/lines.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/ssh_auth.h"
#include "agent/net/proto/ssh_kex.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    PORT = 22,
    BANNER_MAX = 256,    /* RFC 4253, 4.2: 255 with its end */
    GREETING_LINES = 32, /* that a server may send before its banner */
    MESSAGE_KEXINIT = 20,
    MESSAGE_NEWKEYS = 21,
    PACKET_MAX = 35000, /* RFC 4253, 6.1 */
};

enum side_state { SIDE_BANNER, SIDE_PACKETS, SIDE_NEWKEYS, SIDE_ENCRYPTED };

struct ssh_side {
    enum side_state state;
    uint8_t greetings;
    struct lines lines;
    char banner[BANNER_MAX];
    struct buf part; /* a packet that is not whole yet */
    struct buf kex;  /* KEXINIT, until the record is told */
    uint32_t skip;   /* bytes of the packet at hand that nobody wants */
};

struct ssh {
    struct ssh_side side[2];
    unsigned client;
    bool told;
    struct ssh_auth auth;
};

/* ---- what is told ---- */

static void
put_agreed(struct record *r, const struct ssh_kex kex[2], unsigned client)
{
    static const struct {
        const char *name;
        enum ssh_list list;
    } FIELDS[] = {{"kex", SSH_KEX},
                  {"host_key", SSH_HOST_KEY},
                  {"cipher", SSH_CIPHER_OUT},
                  {"mac", SSH_MAC_OUT},
                  {"compression", SSH_COMPRESSION_OUT}};

    for (size_t i = 0; i < VG_ARRAY_LEN(FIELDS); i++)
        record_text_opt(r, FIELDS[i].name,
                        ssh_kex_agreed(&kex[client], &kex[1 - client], FIELDS[i].list));
}

static void
tell(struct ssh *ssh, const struct protocol_call *call)
{
    static const char *const NAMES[2] = {"client", "server"}, *const PRINTS[2] = {"hassh",
                                                                                  "hassh_server"};
    struct record r = {.type = "ssh"};
    struct ssh_kex kex[2];
    char print[2][SSH_HASSH_SIZE];
    bool read[2] = {false, false};

    ssh->told = true;
    for (unsigned i = 0; i < 2; i++) { /* the client first */
        unsigned d = i == 0 ? ssh->client : 1 - ssh->client;
        struct ssh_side *s = &ssh->side[d];

        record_text_opt(&r, NAMES[i], str_of(s->banner));
        read[d] = s->kex.len > 0 && ssh_kex_read(buf_slice(&s->kex), &kex[d]) == VG_OK;
        if (read[d] && ssh_kex_hassh(&kex[d], i == 1, net_scratch(call->engine), print[i]) == VG_OK)
            record_text_put(&r, PRINTS[i], str_of(print[i]));
    }
    if (read[0] && read[1])
        put_agreed(&r, kex, ssh->client);
    if (r.count > 0)
        record_tell(&r, call, ssh->client);
    if (read[0] && read[1]) {
        const struct ssh_kex *c = &kex[ssh->client], *s = &kex[1 - ssh->client];

        ssh_auth_begin(&ssh->auth, ssh_kex_agreed(c, s, SSH_CIPHER_IN),
                       ssh_kex_agreed(c, s, SSH_MAC_IN),
                       words_find(str_of(ssh->side[ssh->client].banner), "paramiko"));
    }
    for (unsigned d = 0; d < 2; d++)
        net_gather_done(call->engine, &ssh->side[d].kex);
}

/* ---- reading ---- */

static enum vg_err
on_kexinit(struct ssh *ssh, const struct protocol_call *call, struct slice body)
{
    struct ssh_side *s = &ssh->side[call->dir];
    enum vg_err err;

    if (ssh->told || s->kex.len > 0)
        return VG_OK;
    err = net_gather(call->engine, &s->kex, body.at, body.left);
    if (err == VG_OK && ssh->side[1 - call->dir].kex.len > 0)
        tell(ssh, call);
    return err;
}

/* Up to NEWKEYS packets are readable; those that do not matter are counted, not kept. */
static enum vg_err
read_packets(struct ssh *ssh, const struct protocol_call *call, struct slice *in)
{
    struct ssh_side *s = &ssh->side[call->dir];

    for (;;) {
        size_t n = s->skip < in->left ? s->skip : in->left;
        struct slice at, body;
        uint32_t len;
        uint8_t type;
        enum vg_err err;

        slice_skip(in, n);
        s->skip -= (uint32_t)n;
        if (s->state == SIDE_NEWKEYS && s->skip == 0)
            s->state = SIDE_ENCRYPTED;
        if (s->skip > 0 || s->state == SIDE_ENCRYPTED)
            return VG_OK;
        at = *in;
        len = slice_be32(&at);
        slice_skip(&at, 1);
        type = slice_u8(&at);
        if (at.bad)
            return VG_OK;
        if (len < 2 || len > PACKET_MAX)
            return VG_ERR_FORMAT;
        if (type != MESSAGE_KEXINIT) {
            s->skip = len - 2;
            if (type == MESSAGE_NEWKEYS)
                s->state = SIDE_NEWKEYS;
            *in = at;
            continue;
        }
        body = slice_sub(&at, len - 2);
        if (at.bad)
            return VG_OK;
        err = on_kexinit(ssh, call, body);
        if (err != VG_OK)
            return err;
        *in = at;
    }
}

static enum vg_err
on_encrypted(struct ssh *ssh, const struct protocol_call *call, size_t bytes)
{
    if (bytes > UINT32_MAX)
        return VG_END;
    return ssh_auth_bytes(&ssh->auth, call, ssh->client, (uint32_t)bytes) ? VG_OK : VG_END;
}

static enum vg_err
on_packets(struct ssh *ssh, const struct protocol_call *call, struct slice bytes)
{
    struct ssh_side *s = &ssh->side[call->dir];
    struct slice all = bytes;
    enum vg_err err = VG_OK;

    if (s->part.len > 0) {
        err = net_gather(call->engine, &s->part, bytes.at, bytes.left);
        all = buf_slice(&s->part);
    }
    if (err == VG_OK)
        err = read_packets(ssh, call, &all);
    if (err == VG_OK && s->state == SIDE_ENCRYPTED) {
        err = on_encrypted(ssh, call, all.left);
        net_gather_done(call->engine, &s->part);
    } else if (s->part.len > 0) {
        buf_consume(&s->part, s->part.len - all.left);
    } else if (err == VG_OK && all.left > 0) {
        err = net_gather(call->engine, &s->part, all.at, all.left);
    }
    return err;
}

/* VG_OK: the banner was read or is still to come. */
static enum vg_err
on_banner(struct ssh *ssh, const struct protocol_call *call, struct slice *bytes)
{
    struct ssh_side *s = &ssh->side[call->dir];
    struct line_piece line;

    while (s->state == SIDE_BANNER && lines_next(&s->lines, call, bytes, &line)) {
        if (!line.begins || !words_begin(line.text, "SSH-")) {
            if (s->greetings++ >= GREETING_LINES)
                return VG_ERR_FORMAT;
            continue;
        }
        words_keep(s->banner, sizeof(s->banner), line.text);
        if (!words_begin(line.text, "SSH-2.") && !words_begin(line.text, "SSH-1.99"))
            return VG_END; /* version 1: nothing that we read */
        s->state = SIDE_PACKETS;
    }
    return VG_OK;
}

static enum vg_err
ssh_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct ssh *ssh = self;
    struct ssh_side *s = &ssh->side[call->dir];
    enum vg_err err = VG_OK;

    if (s->state == SIDE_ENCRYPTED)
        return on_encrypted(ssh, call, bytes.left);
    if (s->state == SIDE_BANNER)
        err = on_banner(ssh, call, &bytes);
    if (err == VG_OK && bytes.left > 0)
        err = on_packets(ssh, call, bytes);
    return err;
}

static enum vg_err
ssh_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct ssh *ssh = self;

    /* sizes are all that is asked of what is encrypted */
    return ssh->side[call->dir].state == SIDE_ENCRYPTED ? on_encrypted(ssh, call, bytes) : VG_END;
}

/* ---- life ---- */

static enum probe
ssh_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct str s = str_n(head.at, head.left);

    (void)sport;
    (void)dport;
    if (s.len < 5)
        return s.len > 0 && str_eq(s, str_n("SSH-", s.len)) ? PROBE_MORE : PROBE_NO;
    return words_begin(s, "SSH-2") || words_begin(s, "SSH-1") ? PROBE_YES : PROBE_NO;
}

static void *
ssh_open(const struct protocol_call *call)
{
    struct ssh *ssh = net_parser_alloc(call->engine, sizeof(*ssh));
    const struct flow *flow = call->flow;

    if (ssh == NULL)
        return NULL;
    ssh->client = flow->client;
    if (flow->midstream && flow->key.port[flow->client] == PORT)
        ssh->client = 1u - flow->client;
    for (unsigned d = 0; d < 2; d++) {
        lines_init(&ssh->side[d].lines);
        buf_init(&ssh->side[d].part, (size_t)2 * PACKET_MAX + 65536);
        buf_init(&ssh->side[d].kex, PACKET_MAX);
    }
    return ssh;
}

static void
ssh_close(void *self, const struct protocol_call *call)
{
    struct ssh *ssh = self;

    if (!ssh->told)
        tell(ssh, call);
    ssh_auth_end(&ssh->auth, call, ssh->client);
    for (unsigned d = 0; d < 2; d++) {
        lines_done(&ssh->side[d].lines, call);
        net_gather_done(call->engine, &ssh->side[d].part);
        net_gather_done(call->engine, &ssh->side[d].kex);
    }
    net_parser_free(call->engine, ssh, sizeof(*ssh));
}

const struct protocol PROTOCOL_SSH = {
    .name = "ssh",
    .probe = ssh_probe,
    .open = ssh_open,
    .bytes = ssh_bytes,
    .gap = ssh_gap,
    .close = ssh_close,
};
