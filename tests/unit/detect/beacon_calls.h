/* SPDX-License-Identifier: Apache-2.0 */
/* beacon_calls: what the tests of net.beacon let devices do. Include it once in a test. */
#pragma once

#include <math.h>

#include "tests/unit/detect/fake_judge.h"

static struct judge judge;
static json_t *settings;

static uint64_t seed;
static inline double
chance(void) /* xorshift64*, in (0, 1) */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return ((double)(seed * UINT64_C(2685821657736338717) >> 11) + 0.5) / 9007199254740992.0;
}

static inline void
call(void *self, struct net_addr src, struct net_addr dst, uint16_t port, int64_t t, uint64_t bytes,
     const char *name)
{
    struct flow_view f = flow_of(src, dst, port, t);

    f.state = FLOW_CLOSED;
    f.flags_in = TCP_SYN | TCP_ACK;
    f.packets_in = 6;
    f.bytes_out = bytes;
    f.server_name = str_of(name);
    see_flow(&NET_BEACON, self, OBS_FLOW_END, &f);
}

/* A sensor that has watched for a while when the tests begin at T0. */
static inline void *
start_watched(int64_t watched_ns)
{
    void *self;

    fake_judge_done(&judge);
    seed = 88172645463325252u;
    self = fake_make(&NET_BEACON, &judge, settings);
    call(self, ip4(192, 168, 1, 250), ip4(93, 9, 9, 9), 443, T0 - watched_ns, 900, "first.example");
    return self;
}

static inline void *
start(void)
{
    return start_watched(VG_HOUR_NS);
}

static inline void
request(void *self, struct net_addr dst, int64_t t, const char *host, const char *uri)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), dst, 80, t);
    struct http_view h = {.flow = &f,
                          .method = str_of("GET"),
                          .host = str_of(host),
                          .uri = str_of(uri),
                          .user_agent = str_of(""),
                          .mime = str_of(""),
                          .status = 200};
    struct obs obs = {.kind = OBS_HTTP, .time_ns = t, .http = &h};

    NET_BEACON.observe(self, &obs);
}

/* Tests that would alert on a busy day: p under the strictest threshold of a new judge. */
static inline size_t
alerts(void)
{
    size_t n = 0;

    for (size_t i = 0; i < judge.count; i++)
        n += judge.report[i].p < 3e-5;
    return n;
}

struct query {
    const char *name;
    uint16_t qtype;
    int rcode;
    struct net_addr address; /* family 0: none */
    const char *data;        /* or NULL */
};

static inline void
ask(void *self, struct net_addr who, int64_t t, struct query q)
{
    struct flow_view f = flow_of(who, ip4(192, 168, 1, 1), 53, t);
    struct str data = str_of(q.data != NULL ? q.data : "");
    struct dns_view d = {.flow = &f,
                         .query = str_of(q.name),
                         .qtype = q.qtype,
                         .rcode = q.rcode,
                         .query_bytes = 40,
                         .ttl_min = 1,
                         .answers = &data,
                         .answer_count = q.address.family != 0 || q.data != NULL,
                         .addresses = &q.address,
                         .address_count = q.address.family != 0};
    struct obs obs = {.kind = OBS_DNS, .time_ns = t, .dns = &d};

    f.proto = 17;
    NET_BEACON.observe(self, &obs);
}

/* A connection begins: never mind how it goes on. */
static inline void
begin_call(void *self, struct net_addr dst, int64_t t, const char *name)
{
    struct flow_view f = flow_of(ip4(192, 168, 1, 9), dst, 443, t);

    f.server_name = str_of(name);
    see_flow(&NET_BEACON, self, OBS_FLOW_START, &f);
}

static inline void
pong(void *self, struct net_addr src, int64_t t, struct str data)
{
    struct icmp_view v = {.src = src,
                          .dst = ip4(192, 168, 1, 9),
                          .payload_len = (uint32_t)data.len + 4,
                          .data = data};
    struct obs obs = {.kind = OBS_ICMP, .time_ns = t, .icmp = &v};

    NET_BEACON.observe(self, &obs);
}
