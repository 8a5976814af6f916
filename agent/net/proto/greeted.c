/* SPDX-License-Identifier: Apache-2.0 */
/* greeted: protocols that are known by their first bytes, of which nothing is read: XMPP (RFC 6120),
 * NNTP (RFC 3977), rsync, Git (gitprotocol-pack), memcached, AMQP, MongoDB. */
#include "agent/net/packet.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"

enum {
    PORT_NNTP = 119,
    PORT_MEMCACHED = 11211,
    MONGO_QUERY = 2004,
    MONGO_MESSAGE = 2013,
    MONGO_BYTES_MAX = 48000000,
};

static enum probe
one_of(struct slice head, const char *const *words, size_t count)
{
    enum probe answer = PROBE_NO;

    for (size_t i = 0; i < count; i++) {
        int looks = words_looks(head, words[i]);

        if (looks == 1)
            return PROBE_YES;
        if (looks == -1)
            answer = PROBE_MORE;
    }
    return answer;
}

static enum probe
xmpp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const STREAM[] = {"<stream:stream"};

    (void)sport;
    (void)dport;
    if (words_looks(head, "<?xml ") == 1) {
        if (words_find(str_n(head.at, head.left < 256 ? head.left : 256), "<stream:stream"))
            return PROBE_YES;
        return head.left < 128 ? PROBE_MORE : PROBE_NO;
    }
    return one_of(head, STREAM, 1);
}

static enum probe
nntp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const GREETINGS[] = {"200 ", "201 "};
    enum probe answer = one_of(head, GREETINGS, 2);
    struct str line;

    (void)dport;
    if (answer != PROBE_YES || sport == PORT_NNTP)
        return answer;
    if (!words_line(head, &line))
        return PROBE_MORE;
    return words_find(line, "NNTP") || words_find(line, "InterNetNews") ? PROBE_YES : PROBE_NO;
}

static enum probe
rsync_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const WORDS[] = {"@RSYNCD: "};

    (void)sport;
    (void)dport;
    return one_of(head, WORDS, 1);
}

/* A packet line: its length as four hex digits, then the request. */
static enum probe
git_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const WORDS[] = {"git-upload-pack ", "git-receive-pack ",
                                        "git-upload-archive "};

    (void)sport;
    (void)dport;
    for (unsigned i = 0; i < 4; i++) {
        if (head.left == 0)
            return PROBE_MORE;
        if (words_hex(slice_u8(&head)) < 0)
            return PROBE_NO;
    }
    return one_of(head, WORDS, VG_ARRAY_LEN(WORDS));
}

static enum probe
memcached_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    static const char *const WORDS[] = {"get ",  "gets ",  "set ",    "add ",    "stats",
                                        "incr ", "mg ",    "delete ", "version", "flush_all",
                                        "STAT ", "VALUE ", "\x80",    "\x81"};

    if (sport != PORT_MEMCACHED && dport != PORT_MEMCACHED)
        return PROBE_NO;
    return one_of(head, WORDS, VG_ARRAY_LEN(WORDS));
}

/* A frame before each datagram: a number, which of how many, and zero. */
static bool
memcached_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct slice in = pkt->payload;
    uint16_t which, many, zero;

    slice_skip(&in, 2);
    which = slice_be16(&in);
    many = slice_be16(&in);
    zero = slice_be16(&in);
    if (in.bad || which >= many || zero != 0 ||
        memcached_probe(in, pkt->sport, pkt->dport) != PROBE_YES)
        return false;
    call->flow->parser_done = true;
    return true;
}

static enum probe
amqp_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice version;

    (void)sport;
    (void)dport;
    if (head.left < 8)
        return head.left > 0 && words_looks(head, "AMQP") != 0 ? PROBE_MORE : PROBE_NO;
    if (words_looks(head, "AMQP") != 1)
        return PROBE_NO;
    version = head;
    slice_skip(&version, 4);
    return slice_u8(&version) <= 3 && slice_u8(&version) <= 9 ? PROBE_YES : PROBE_NO;
}

/* The head of a message: length, number, answer to none, kind. */
static enum probe
mongodb_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    uint32_t bytes = slice_le32(&head), answers, kind;

    (void)sport;
    (void)dport;
    slice_skip(&head, 4);
    answers = slice_le32(&head);
    kind = slice_le32(&head);
    if (head.bad)
        return PROBE_NO;
    return answers == 0 && (kind == MONGO_QUERY || kind == MONGO_MESSAGE) && bytes >= 21 &&
                   bytes <= MONGO_BYTES_MAX
               ? PROBE_YES
               : PROBE_NO;
}

const struct protocol PROTOCOL_XMPP = {.name = "xmpp", .probe = xmpp_probe};
const struct protocol PROTOCOL_NNTP = {.name = "nntp", .probe = nntp_probe};
const struct protocol PROTOCOL_RSYNC = {.name = "rsync", .probe = rsync_probe};
const struct protocol PROTOCOL_GIT = {.name = "git", .probe = git_probe};
const struct protocol PROTOCOL_MEMCACHED = {
    .name = "memcached", .probe = memcached_probe, .datagram = memcached_datagram};
const struct protocol PROTOCOL_AMQP = {.name = "amqp", .probe = amqp_probe};
const struct protocol PROTOCOL_MONGODB = {.name = "mongodb", .probe = mongodb_probe};
