/* SPDX-License-Identifier: Apache-2.0 */
/* state_fuzz: a panel of one sensor, and observations made from a few bytes each. Shared by
 * fuzz_state and by the program that makes its corpus. */
#pragma once

#include <stdlib.h>

#include "agent/detect/detectors.h"
#include "common/vtime.h"

#define FUZZ_HOLDS(x)                                                                              \
    do {                                                                                           \
        if (!(x))                                                                                  \
            __builtin_trap();                                                                      \
    } while (0)

#define FUZZ_START_NS (INT64_C(1750000000) * VG_SEC_NS)

/* Row owners by number, as the input names them: each detector, then the judge, then nobody. */
static inline const char *
fuzz_owner(uint8_t n)
{
    size_t count = 0;

    while (DETECTORS[count] != NULL)
        count++;
    n = (uint8_t)(n % (count + 2));
    return n < count ? DETECTORS[n]->name : n == count ? JUDGE_STATE_NAME : "no.such";
}

static inline struct panel *
fuzz_panel(const char *sensor, const struct texts *texts, const struct zone *zone,
           const struct sink *sink)
{
    const struct panel_options options = {.sensor = sensor,
                                          .rules_dir = "tests/fuzz/detect/rules",
                                          .texts = texts,
                                          .zone = zone,
                                          .currency = "MXN",
                                          .judge = {.budget_per_week = 1.5, .target_per_week = 0.6},
                                          .history = true};
    char why[DETECT_WHY_MAX];
    struct panel *panel = NULL;

    FUZZ_HOLDS(panel_new(&options, sink, &panel, why) == VG_OK);
    return panel;
}

static inline int64_t
fuzz_step(uint8_t b)
{
    static const int64_t unit[] = {VG_MS_NS, VG_SEC_NS, VG_MIN_NS, VG_HOUR_NS};

    return (b >> 2) * unit[b & 3];
}

static inline struct net_addr
fuzz_addr(uint8_t b)
{
    static const uint8_t net[4][3] = {{192, 168, 1}, {192, 168, 1}, {45, 77, 1}, {8, 8, 8}};
    struct net_addr a = {.family = 4};

    for (int i = 0; i < 3; i++)
        a.bytes[i] = net[b >> 6][i];
    a.bytes[3] = b & 0x3f;
    return a;
}

static inline struct str
fuzz_name(uint8_t b)
{
    static const char *const names[] = {"", "a.example", "b.example.net", "caja-1", "web", "c-9"};

    return str_of(names[b % VG_ARRAY_LEN(names)]);
}

static inline void
fuzz_net(struct panel *panel, struct slice *in, int64_t t)
{
    uint8_t kind = slice_u8(in), from = slice_u8(in), to = slice_u8(in), more = slice_u8(in);
    struct flow_view f = {.id = more,
                          .src = fuzz_addr(from),
                          .dst = fuzz_addr(to),
                          .sport = (uint16_t)(40000 + more),
                          .dport = (uint16_t)(more * 7),
                          .proto = more & 1 ? 17 : 6,
                          .first_flags = TCP_SYN,
                          .flags_in = TCP_RST | TCP_ACK,
                          .state = (enum flow_state)(more % (FLOW_CUT + 1)),
                          .has_mac = (more & 2) != 0,
                          .src_mac = {2, 0, 0, 0, 0, from},
                          .dst_mac = {2, 0, 0, 0, 0, to},
                          .packets_out = 1,
                          .packets_in = more & 1,
                          .payload_out = (uint64_t)more << (kind & 31),
                          .start_ns = t,
                          .end_ns = t,
                          .app = str_of(""),
                          .protocol = str_of(""),
                          .category = str_of(""),
                          .server_name = fuzz_name(to)};
    struct dns_view dns = {.flow = &f, .query = fuzz_name(more), .qtype = 1};
    struct http_view http = {.flow = &f,
                             .method = str_of(more & 4 ? "POST" : "GET"),
                             .host = fuzz_name(to),
                             .uri = str_of(more & 16  ? "/x?a=../../etc/passwd"
                                           : more & 8 ? "/x?1"
                                                      : "/"),
                             .user_agent = fuzz_name(more),
                             .mime = str_of("text/html"),
                             .referer = str_of(""),
                             .request_type = str_of(""),
                             .odd_fields = str_of(""),
                             .status = 200};
    struct tls_view tls = {.flow = &f,
                           .sni = fuzz_name(to),
                           .alpn = str_of(""),
                           .ja3 = fuzz_name(more),
                           .ja4 = fuzz_name(from)};
    struct arp_view arp = {.reply = more & 1,
                           .eth_src = {2, 0, 0, 0, 0, more},
                           .eth_dst = {2, 0, 0, 0, 0, to},
                           .sender_mac = {2, 0, 0, 0, 0, more},
                           .target_mac = {2, 0, 0, 0, 0, to},
                           .sender = fuzz_addr(from),
                           .target = fuzz_addr(to)};
    struct icmp_view icmp = {.src = f.src, .dst = f.dst, .type = 8};
    struct body_view body = {.flow = &f,
                             .stream = more,
                             .from_server = (from & 1) != 0,
                             .name = str_of("/x"),
                             .mime = str_of("text/html"),
                             .host = fuzz_name(to),
                             .bytes = (const uint8_t *)"a fuzzword",
                             .len = 10,
                             .offset = 0,
                             .first = true,
                             .last = true};
    static const char *const types[] = {"dhcp", "smb", "ssh", "nbns", "dcerpc", "stun"};
    const struct record_field fields[] = {
        {.name = "host_name", .type = FIELD_TEXT, .text = fuzz_name(more)},
        {.name = "requested", .type = FIELD_TEXT, .text = str_of("192.168.1.9")},
        {.name = "name", .type = FIELD_TEXT, .text = fuzz_name(to)},
        {.name = "operation", .type = FIELD_TEXT, .text = str_of("registration")}};
    struct record_view record = {.flow = &f,
                                 .type = types[more % VG_ARRAY_LEN(types)],
                                 .fields = fields,
                                 .count = VG_ARRAY_LEN(fields)};
    struct login_view login = {.flow = &f,
                               .service = "ssh",
                               .user = fuzz_name(more),
                               .domain = str_of(""),
                               .result = (enum login_result)(more % 3),
                               .cleartext = more & 4};
    struct obs obs = {.kind = (enum obs_kind)(kind % (OBS_BODY + 1)), .time_ns = t};

    switch (obs.kind) {
    case OBS_TICK:
        break;
    case OBS_DNS:
        obs.dns = &dns;
        break;
    case OBS_HTTP:
        obs.http = &http;
        break;
    case OBS_TLS:
        obs.tls = &tls;
        break;
    case OBS_ARP:
        obs.arp = &arp;
        break;
    case OBS_ICMP:
        obs.icmp = &icmp;
        break;
    case OBS_RECORD:
        obs.record = &record;
        break;
    case OBS_LOGIN:
        obs.login = &login;
        break;
    case OBS_BODY:
        obs.body = &body;
        break;
    default:
        obs.flow = &f;
        break;
    }
    panel_observe(panel, &obs);
}

static inline void
fuzz_pay(struct panel *panel, struct slice *in, int64_t t)
{
    uint8_t kind = slice_u8(in), who = slice_u8(in), what = slice_u8(in), more = slice_u8(in);
    char card[] = "token-00";
    struct txn_view txn = {.time_ns = t,
                           .kind = (enum txn_kind)(kind >> 4 & 7),
                           .outcome = (enum txn_outcome)(what & 3),
                           .amount = (int64_t)more << (what & 31),
                           .has_amount = (what & 64) == 0,
                           .currency = "MXN",
                           .bin = "411111",
                           .last4 = "1111",
                           .country = "MX",
                           .id = fuzz_name(more),
                           .reason = str_of(""),
                           .customer = fuzz_name(who >> 4),
                           .email = str_of(""),
                           .ip = str_of(what & 8 ? "198.51.100.7" : ""),
                           .device = str_of(""),
                           .terminal = fuzz_name((uint8_t)(who + 3)),
                           .employee = fuzz_name(what >> 4),
                           .order = str_of(""),
                           .original = fuzz_name(who),
                           .account = str_of(""),
                           .source = str_of("ventas.csv"),
                           .label = kind % 3 == 2 ? what & 1 : -1,
                           .line = more};
    struct card_view seen = {.source = str_of("ventas.csv"),
                             .line = more,
                             .field = fuzz_name(who),
                             .token = fuzz_name(what),
                             .last4 = "1111"};
    static const enum obs_kind kinds[] = {OBS_TXN, OBS_TXN, OBS_LABEL, OBS_CARD, OBS_TICK};
    struct obs obs = {.kind = kinds[kind % VG_ARRAY_LEN(kinds)], .time_ns = t};

    card[6] = (char)('0' + (who & 7));
    card[7] = (char)('0' + (more & 7));
    txn.card = str_of(card);
    if (obs.kind == OBS_CARD)
        obs.card = &seen;
    else if (obs.kind != OBS_TICK)
        obs.txn = &txn;
    panel_observe(panel, &obs);
}
