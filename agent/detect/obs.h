/* SPDX-License-Identifier: Apache-2.0 */
/* obs: what sensors tell detectors. Everything is borrowed for the call, times are event times.
 *
 * A sensor turns bytes into these and hands them to its panel (detector.h) in time order as far as
 * its source is ordered. Nothing here holds a card number: cards arrive as keyed tokens. */
#pragma once

#include "common/event.h"
#include "common/str.h"

enum obs_kind {
    OBS_TICK,        /* live only: the clock moved, silence passes time too */
    OBS_FLOW_START,  /* first packet of a flow */
    OBS_FLOW_UPDATE, /* a long flow, every FLOW_UPDATE_NS of event time */
    OBS_FLOW_END,
    OBS_DNS,  /* one transaction, when answered or given up */
    OBS_HTTP, /* one request, when its response head is read or the flow ends */
    OBS_TLS,  /* one for each connection, when its handshake is over or has told all it can */
    OBS_ARP,
    OBS_ICMP,
    OBS_RECORD, /* what any other protocol had to tell: named fields */
    OBS_LOGIN,  /* somebody logged in, or tried to */
    OBS_BODY,   /* a piece of a file on its way: HTTP, SMB, FTP, mail */
    OBS_TXN,    /* a payment transaction, scored before it is learned */
    OBS_CARD,   /* a full card number stood in a log: where, never the number */
    OBS_FILE,   /* a piece of a file on disk */
    OBS_FEEDBACK,
    OBS_LABEL, /* what became of an earlier transaction: `txn` as it was, label 0 or 1 */
    OBS_LOG,   /* how well a payment log can be read */
    OBS_KIND_COUNT
};

/* An IP address: v4 in the first 4 bytes, the rest zero. family 4, 6, or 0 for none. */
struct net_addr {
    uint8_t family;
    uint8_t bytes[16];
};
enum { NET_ADDR_TEXT_MAX = 46 };
const char *net_addr_format(const struct net_addr *a, char out[NET_ADDR_TEXT_MAX]);
/* The address of a text (RFC 4291, 2.2 for IPv6; four decimal numbers for IPv4). False, and *out
 * empty, when it is none. */
bool net_addr_parse(struct str text, struct net_addr *out);
bool net_addr_eq(const struct net_addr *a, const struct net_addr *b);
/* Private, link-local, unique-local or loopback: an address of the shop rather than of the world. */
bool net_addr_is_local(const struct net_addr *a);
/* Multicast, broadcast (also x.x.x.255) or unspecified. */
bool net_addr_is_group(const struct net_addr *a);

enum flow_state {
    FLOW_NEW,         /* no answer yet */
    FLOW_ESTABLISHED, /* both sides spoke (TCP: handshake done or picked up midway) */
    FLOW_CLOSED,      /* FIN both ways */
    FLOW_RESET,       /* RST after it was established */
    FLOW_REFUSED,     /* RST or ICMP unreachable as the answer */
    FLOW_UNANSWERED,  /* ended without an answer */
    FLOW_TIMEOUT,     /* established, went silent */
    FLOW_CUT,         /* the input ended */
};
const char *flow_state_name(enum flow_state s);

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

#define FLOW_UPDATE_NS (INT64_C(300) * 1000000000)

/* A program of this PC. */
struct program_view {
    struct str name, path, user;
    struct str sha256; /* of its file, in hex; "" while it is not known */
};

/* src is the initiator. Bytes are IP bytes; out is from the initiator. */
struct flow_view {
    uint64_t id; /* stable for the same input */
    struct net_addr src, dst;
    uint16_t sport, dport; /* ICMP: type and code of the first packet */
    uint8_t proto;         /* IANA number */
    uint8_t first_flags;   /* TCP flags of the first packet */
    uint8_t flags_out, flags_in;
    enum flow_state state;
    bool midstream; /* the beginning was not seen */
    bool has_mac;
    uint8_t src_mac[6], dst_mac[6];
    uint64_t bytes_out, bytes_in;     /* since the start */
    uint64_t payload_out, payload_in; /* above TCP, UDP or ICMP */
    uint32_t packets_out, packets_in;
    uint8_t forged_resets;    /* TCP: RSTs of another machine than the one that they name */
    int64_t start_ns, end_ns; /* end: the last packet so far */
    struct str app;           /* "whatsapp", "openai" by the lists; else the protocol; or "" */
    struct str protocol;      /* "dns", "http", "tls", "ssh", "" */
    struct str category;      /* "ai", "remote_help", "bank": of a listed app, or "" */
    struct str server_name;   /* SNI or Host once known, "" */
    const struct program_view *program; /* live, of this PC's own flows, once known; or NULL */
};

struct dns_view {
    const struct flow_view *flow;
    struct str query; /* dotted, escaped as in a zone file, lower case kept as sent */
    uint16_t id, qtype;
    int rcode; /* 12 bits with EDNS; -1 while unanswered: then no field below is set */
    bool over_tcp;
    bool again;          /* a second, different answer to the same question */
    bool aa, tc, rd, ra; /* authoritative, cut short, recursion desired and available */
    bool edns, edns_do;  /* of the answer */
    uint16_t edns_payload;
    uint32_t query_bytes, answer_bytes;
    uint32_t ttl_min;          /* seconds, of the answers */
    const struct str *answers; /* text of each answer's data */
    size_t answer_count;
    const struct net_addr *addresses; /* A and AAAA among them */
    size_t address_count;
};

struct http_view {
    const struct flow_view *flow;
    struct str method, host, uri, user_agent, mime;
    struct str referer, request_type;     /* Referer; the media type of the request's content */
    struct str odd_fields;                /* of the request: http_odd_fields() */
    int status;                           /* 0 while unanswered */
    bool incomplete;                      /* it was not seen whole */
    uint64_t request_body, response_body; /* bytes as seen so far */
    struct str card;  /* last four digits of a card number that stood in the URI; "" */
    uint64_t session; /* of the cookie that keeps a log-in: its hash with the host; 0: none */
};

/* The server's own certificate, where it crossed in the clear (up to TLS 1.2). */
struct cert_view {
    struct str issuer, subject; /* RFC 4514, UTF-8 */
    struct str serial;          /* hex, upper case */
    struct str sha1;            /* of the whole certificate, hex: what public lists name */
    int64_t not_before_ns, not_after_ns;
    const struct str *names; /* alternative names: the first few */
    size_t name_count, names_total;
    bool self_signed;    /* issuer and subject are the same */
    bool explicit_curve; /* it, or one behind it in the chain, brings a curve of its own */
};

enum tls_carrier { TLS_OVER_TCP, TLS_OVER_UDP /* DTLS */, TLS_OVER_QUIC };

/* Told once for each connection. What the client said is "" or 0 where only the server was seen,
 * what the server said where only the client was. */
struct tls_view {
    const struct flow_view *flow;
    struct str sni, alpn, ja3, ja4; /* ja3: MD5 in hex; alpn: all that are offered, with commas */
    uint16_t version;               /* the highest that the client offers */
    bool quic;
    enum tls_carrier carrier;
    struct str quic_version;         /* "1", "2", "draft-29", ... */
    uint16_t server_version, cipher; /* chosen by the server */
    struct str server_alpn, ja3s;
    bool established;             /* both sides went on to speak encrypted */
    bool resumed;                 /* an earlier session, without a certificate */
    uint8_t alert;                /* a failure told in the clear: RFC 8446, 6; 0: none */
    const struct cert_view *cert; /* NULL: not seen */
};

/* A record of a protocol that has no view of its own: its type is the protocol's name ("ssh",
 * "smb"), its fields are listed at the head of the protocol's file and in vigia-agent(1). */
enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL, FIELD_LIST };
struct record_field {
    const char *name; /* static */
    enum field_type type;
    struct str text;
    int64_t number;         /* also 0 or 1 of FIELD_BOOL */
    const struct str *list; /* FIELD_LIST */
    size_t list_count;
};
struct record_view {
    const struct flow_view *flow;
    const char *type; /* static */
    const struct record_field *fields;
    size_t count;
};
/* NULL where the record has no such field. */
const struct record_field *record_find(const struct record_view *r, const char *name);
/* The text of a field; "" where there is none. */
struct str record_text(const struct record_view *r, const char *name);

enum login_result { LOGIN_UNKNOWN, LOGIN_SUCCEEDED, LOGIN_FAILED };
const char *login_result_name(enum login_result r);

/* One try to log in. Never the password, and nothing made from it. */
struct login_view {
    const struct flow_view *flow;
    const char *service; /* "ssh", "ftp", "smb", "http": static */
    struct str user;     /* "" where it did not show */
    struct str domain;   /* of Windows, where NTLM tells it; or "" */
    enum login_result result;
    bool cleartext; /* the password crossed the network readable */
    bool inferred;  /* the result was concluded from sizes, not read */
};

struct arp_view {
    bool reply;
    uint8_t eth_src[6], eth_dst[6], sender_mac[6], target_mac[6];
    struct net_addr sender, target;
};

/* Neighbour discovery, what ARP is for IPv6 and more (RFC 4861). Addresses of family 0: not told. */
struct ndp_view {
    uint8_t type;                        /* ICMPv6: 133 to 137 */
    bool direct;                         /* the hop limit says that no router was in between */
    bool router, solicited, overrides;   /* of a neighbour advertisement */
    bool has_mac, has_eth;               /* `mac`, `eth_*` mean something */
    uint8_t mac[6];                      /* that the option claims */
    uint8_t eth_src[6], eth_dst[6];      /* that the frame had */
    struct net_addr target;              /* whom it is about; redirect: the better first hop */
    uint16_t lifetime_s;                 /* router advertisement: 0 is no default router */
    uint8_t prefix_len;                  /* of the first prefix that it announces */
    struct net_addr prefix, name_server; /* the first ones */
};

struct icmp_view {
    struct net_addr src, dst;
    uint8_t type, code;
    bool v6;
    uint32_t payload_len;       /* behind type, code and checksum, as the headers say */
    uint16_t echo_id, echo_seq; /* where there are any: the first four bytes of the payload */
    struct str data;            /* what was captured of the payload behind them */
    const struct ndp_view *ndp; /* NULL: no neighbour discovery */
};

struct body_view {
    const struct flow_view *flow; /* NULL for a file on disk */
    uint64_t stream;              /* one number for each body */
    bool from_server;
    struct str name, mime, host; /* URI or path */
    const uint8_t *bytes;
    size_t len;
    uint64_t offset;
    bool first, last;
};

enum txn_kind {
    TXN_SALE,
    TXN_REFUND,
    TXN_VOID,
    TXN_AUTH,
    TXN_CHARGEBACK,
    TXN_PAYOUT,
    TXN_LOGIN,
    TXN_SETTINGS
};
enum txn_outcome { TXN_APPROVED, TXN_DECLINED, TXN_ERROR, TXN_PENDING };
const char *txn_kind_name(enum txn_kind k);
const char *txn_outcome_name(enum txn_outcome o);

/* One payment transaction (DESIGN, Payment transaction). Absent fields are empty. */
struct txn_view {
    int64_t time_ns;
    struct str id;
    enum txn_kind kind;
    enum txn_outcome outcome;
    struct str reason;
    int64_t amount; /* minor units, never negative */
    bool has_amount;
    char currency[4];
    struct str card;       /* keyed token */
    char bin[7], last4[5]; /* "" where unknown */
    /* The shape of the address that became the token `email`: runs of letters as one 'a', of digits as
     * one '0', then '@' and the domain as it is ("a.a0@example.org"). Written only where many customers' addresses have it: an attack. */
    struct str mail_shape;
    /* Keyed token of the mailbox that `email` reaches: without a tag ("+..."), for Google's domains also
     * without dots. Equal to `email` where it has neither. Never written anywhere. */
    struct str mailbox;
    struct str customer, email, ip, device, terminal, employee, order, original, account;
    char country[3];
    int label;         /* -1 unknown, 0 genuine, 1 fraud (charge-back, --labels) */
    struct str source; /* the log it came from: file name without folder */
    uint64_t line;     /* 1-based */
};

struct card_view {
    struct str source;
    uint64_t line;
    struct str field; /* name of the column or key, "" in plain text */
    struct str token; /* keyed token */
    char last4[5];
};

/* How a log was read since it was told last; or (lost > 0, nothing else then) that it was written anew
 * and lacks records that had stood in it. */
struct log_view {
    struct str source;
    uint64_t records, bad;     /* bad ones are among the records */
    struct str like;           /* the shape of the newest bad one, without its content */
    bool unknown;              /* the whole file is of no known format */
    uint64_t lost, held;       /* records that are gone; how many there had been */
    int64_t first_ns, last_ns; /* the first and the newest transaction among those */
};

struct feedback_view {
    struct str detector, subject_kind, subject_id, peer_id;
    enum { FEEDBACK_USEFUL, FEEDBACK_NOISE, FEEDBACK_MINE } verdict;
};

struct pay_keys; /* pay_keys.h */

struct obs {
    enum obs_kind kind;
    int64_t time_ns;
    const struct pay_keys *keys; /* OBS_TXN and OBS_LABEL: of txn; NULL: the panel makes them */
    union {
        const struct flow_view *flow;
        const struct dns_view *dns;
        const struct http_view *http;
        const struct tls_view *tls;
        const struct record_view *record;
        const struct login_view *login;
        const struct arp_view *arp;
        const struct icmp_view *icmp;
        const struct body_view *body; /* OBS_BODY and OBS_FILE */
        const struct txn_view *txn;   /* OBS_TXN and OBS_LABEL; obs.time_ns: when it became known */
        const struct card_view *card;
        const struct log_view *log;
        const struct feedback_view *feedback;
    };
};
