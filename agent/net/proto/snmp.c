/* SPDX-License-Identifier: Apache-2.0 */
/* snmp: devices that are asked or set, and whether with a password that everybody knows (RFC 1157,
 * RFC 3416, RFC 3414).
 *
 * Record "snmp", once for each different content (once.h); src is who asks, or sends a trap:
 * version ("1", "2c", "3"), pdu ("get", "get-next", "get-bulk", "set", "trap", ...; "encrypted"),
 * oid (the first one asked for), community_default (the community, which
 * is a password, is "public" or "private"; itself it is kept nowhere), user and security
 * ("noAuthNoPriv", "authNoPriv", "authPriv") of version 3.
 * A community, which crosses the network readable, is a log-in, service "snmp": it succeeded where
 * an answer came, and is told once more when the flow ends without any. It failed where a different
 * one follows without an answer in between: agents are silent to who does not know it. */
#include "agent/net/ber.h"
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"

enum { PORT_SNMP = 161, PORT_TRAP = 162, SNMP_USER_MAX = 64, COMMUNITIES_MAX = 16 };
enum { PDU_RESPONSE = 0xa2, PDU_TRAP1 = 0xa4, PDU_LAST = 0xa8 };

struct snmp {
    struct once once;
    bool asked, answered; /* versions 1 and 2c */
    uint8_t client;
    uint8_t communities;                 /* different ones, as far as there is room */
    uint32_t community[COMMUNITIES_MAX]; /* hashes, for as long as the flow lasts */
};

struct snmp_message {
    int version;  /* 0, 1 or 3 */
    uint32_t pdu; /* tag; 0: encrypted */
    bool community_default;
    struct str community; /* borrowed; told to nobody */
    struct str user;
    uint8_t security; /* flags of version 3: 1 authenticated, 2 encrypted */
    struct slice oid; /* empty where there is none */
};

static const char *
pdu_name(uint32_t tag)
{
    static const char *const names[] = {"get",      "get-next", "response", "set",   "trap",
                                        "get-bulk", "inform",   "trap",     "report"};

    return tag >= 0xa0 && tag <= PDU_LAST ? names[tag - 0xa0] : "encrypted";
}

/* The name of the first variable. */
static void
read_pdu(struct slice in, struct snmp_message *m)
{
    struct slice list, pair;
    int64_t n;

    if (m->pdu == PDU_TRAP1)
        return;
    if (!ber_take_int(&in, &n) || !ber_take_int(&in, &n) || !ber_take_int(&in, &n) ||
        !ber_take(&in, BER_SEQUENCE, &list) || !ber_take(&list, BER_SEQUENCE, &pair) ||
        !ber_take(&pair, BER_OID, &m->oid))
        m->oid = slice_of(NULL, 0);
}

static bool
take_pdu(struct slice *in, struct snmp_message *m)
{
    struct ber b;

    if (ber_next_cut(in, &b) != VG_OK || b.tag < 0xa0 || b.tag > PDU_LAST)
        return false;
    m->pdu = b.tag;
    read_pdu(b.value, m);
    return true;
}

/* RFC 3412, 6 and RFC 3414, 2.4. */
static bool
read_version3(struct slice *in, struct snmp_message *m)
{
    struct slice global, flags, octets, security, scoped, user;
    int64_t id, max, model, boots, time;

    if (!ber_take(in, BER_SEQUENCE, &global) || !ber_take_int(&global, &id) ||
        !ber_take_int(&global, &max) || !ber_take(&global, BER_OCTETS, &flags) ||
        !ber_take_int(&global, &model) || !ber_take(in, BER_OCTETS, &octets))
        return false;
    m->security = slice_u8(&flags) & 3;
    if (model == 3 && ber_take(&octets, BER_SEQUENCE, &security) &&
        ber_take(&security, BER_OCTETS, NULL) && ber_take_int(&security, &boots) &&
        ber_take_int(&security, &time) && ber_take(&security, BER_OCTETS, &user))
        m->user = words_cut(ber_str(user), SNMP_USER_MAX);
    if (m->security & 2)
        return true;
    if (!ber_take(in, BER_SEQUENCE, &scoped) || !ber_take(&scoped, BER_OCTETS, NULL) ||
        !ber_take(&scoped, BER_OCTETS, NULL))
        return false;
    return take_pdu(&scoped, m);
}

static bool
read_message(struct slice in, struct snmp_message *m)
{
    struct ber all;
    struct slice community;
    int64_t version;

    if (ber_next_cut(&in, &all) != VG_OK || all.tag != BER_SEQUENCE ||
        !ber_take_int(&all.value, &version) || (version != 0 && version != 1 && version != 3))
        return false;
    m->version = (int)version;
    if (version == 3)
        return read_version3(&all.value, m);
    if (!ber_take(&all.value, BER_OCTETS, &community))
        return false;
    m->community = ber_str(community);
    m->community_default =
        str_is(ber_str(community), "public") || str_is(ber_str(community), "private");
    return take_pdu(&all.value, m);
}

static void
tell(struct snmp *s, const struct protocol_call *call, const struct snmp_message *m)
{
    static const char *const security[] = {"noAuthNoPriv", "authNoPriv", "", "authPriv"};
    struct buf *text = net_scratch(call->engine);
    struct record r = {.type = "snmp"};
    bool reply = m->pdu == PDU_RESPONSE || m->pdu == PDU_LAST;

    buf_clear(text);
    record_text_put(&r, "version", str_of(m->version == 0 ? "1" : m->version == 1 ? "2c" : "3"));
    record_text_put(&r, "pdu", str_of(pdu_name(m->pdu)));
    if (m->oid.left > 0 && ber_put_oid(m->oid, text))
        record_text_opt(&r, "oid", str_n(text->data, text->len));
    if (m->version != 3)
        record_bool(&r, "community_default", m->community_default);
    record_text_opt(&r, "user", m->user);
    if (m->version == 3)
        record_text_opt(&r, "security", str_of(security[m->security & 3]));
    once_tell(&s->once, &r, call, reply ? 1 - call->dir : call->dir);
}

static void
login(const struct protocol_call *call, unsigned client, enum login_result result)
{
    struct login_view view = {
        .service = "snmp", .user = str_of(""), .result = result, .cleartext = true};

    login_tell(&view, call, client);
}

/* True: not the first community of this flow, and none of those before. */
static bool
another_community(struct snmp *s, struct str community)
{
    uint32_t hash = (uint32_t)str_hash(&STR_HASH_STORED, community.at, community.len);

    for (size_t i = 0; i < s->communities; i++)
        if (s->community[i] == hash)
            return false;
    if (s->communities == COMMUNITIES_MAX)
        return true;
    s->community[s->communities++] = hash;
    return s->communities > 1;
}

static bool
snmp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct snmp_message m = {.user = str_of(""), .community = str_of(""), .oid = slice_of(NULL, 0)};
    struct slice look = pkt->payload;
    struct snmp *s = call->flow->parser;
    bool on_port = pkt->sport == PORT_SNMP || pkt->dport == PORT_SNMP || pkt->dport == PORT_TRAP;

    if (slice_u8(&look) != BER_SEQUENCE || !read_message(pkt->payload, &m))
        return false;
    if (!on_port && m.version != 3 && !m.community_default)
        return false; /* too little to be sure */
    if (s == NULL)
        s = call->flow->parser = net_parser_alloc(call->engine, sizeof(*s));
    if (s == NULL)
        return false;
    tell(s, call, &m);
    if (m.version == 3 || m.pdu == PDU_TRAP1 || m.pdu == 0xa7)
        return true;
    if (m.pdu == PDU_RESPONSE) {
        if (!s->answered)
            login(call, 1 - call->dir, LOGIN_SUCCEEDED);
        s->answered = true;
    } else {
        if (another_community(s, m.community) && !s->answered)
            login(call, call->dir, LOGIN_FAILED);
        s->asked = true;
        s->client = (uint8_t)call->dir;
    }
    return true;
}

static void
snmp_close(void *self, const struct protocol_call *call)
{
    struct snmp *s = self;

    if (s->asked && !s->answered)
        login(call, s->client, LOGIN_UNKNOWN);
    net_parser_free(call->engine, s, sizeof(*s));
}

const struct protocol PROTOCOL_SNMP = {
    .name = "snmp",
    .close = snmp_close,
    .datagram = snmp_datagram,
};
