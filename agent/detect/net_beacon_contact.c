/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as a contact. TCP, UDP, TLS: an answered flow. HTTP: a request. ICMP: an echo's answer
 * from the world. DNS: net_beacon_dns.c. */
#include "agent/detect/net_beacon_private.h"

#include "agent/detect/domain.h"
#include "agent/detect/net_common.h"
#include "agent/detect/ping_look.h"

/* ---- flows ---- */

/* The world that calls the shop is no beacon of the shop's. */
static bool
watched(const struct flow_view *f)
{
    return (net_addr_is_local(&f->src) || !net_addr_is_local(&f->dst)) &&
           !net_addr_is_group(&f->dst) && !net_addr_eq(&f->src, &f->dst) &&
           !beacon_keeps_the_clock(f);
}

struct beacon_series *
beacon_from_flow(struct beacon *b, const struct flow_view *f, int64_t now_ns,
                 struct beacon_contact *c)
{
    struct beacon_series *s;

    if (f->packets_in == 0 || f->midstream || f->state == FLOW_REFUSED || !watched(f) ||
        str_is(f->protocol, "http"))
        return NULL;
    *c = (struct beacon_contact){.flow = f,
                                 .name = f->server_name,
                                 .at_ns = f->start_ns,
                                 .now_ns = now_ns,
                                 .size = f->bytes_out,
                                 .carrier = f->proto == 17               ? BEACON_UDP
                                            : str_is(f->protocol, "tls") ? BEACON_TLS
                                                                         : BEACON_TCP};
    s = beacon_lengthen(b, c);
    if (s == NULL)
        return NULL;
    /* a conversation that only pauses: heartbeats of cameras, telephones, tunnels */
    s->standing += f->proto == 17 && s->visits > 1 && f->sport == s->last_sport;
    s->last_sport = f->sport;
    return s;
}

/* ---- HTTP ---- */

/* The sum of a path's bytes, modulo 256, is what tells a stager's request: Metasploit,
 * lib/rex/payloads/meterpreter/uri_checksum.rb (80 Python, 88 Java, 92 Windows, 95 connected anew,
 * 98 connected); Cobalt Strike: 92 and 93 over four characters (isc.sans.edu, diary 27204). One path
 * of four characters in 43 has such a sum by chance: it is a mark on a clock, no more. */
static bool
is_stager_path(struct str uri)
{
    struct slice in = slice_of(uri.at, uri.len);
    uint8_t sum = 0;

    if (uri.len != 5 || slice_u8(&in) != '/')
        return false;
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);

        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
            return false;
        sum = (uint8_t)(sum + c);
    }
    return sum == 80 || sum == 88 || sum == 92 || sum == 93 || sum == 95 || sum == 98;
}

static void
note_path(struct beacon_series *s, uint32_t path, int64_t now_ns)
{
    beacon_note_token(s, path);
    if (s->poll_count == 0) {
        s->poll_path = path;
        s->poll_ns = now_ns;
    }
    if (s->poll_path == path)
        s->poll_count++;
    else
        s->poll_count--;
}

struct beacon_series *
beacon_from_http(struct beacon *b, const struct http_view *h, int64_t now_ns,
                 struct beacon_contact *c)
{
    struct beacon_series *s;

    if (!watched(h->flow))
        return NULL;
    *c = (struct beacon_contact){.flow = h->flow,
                                 .name = h->host,
                                 .at_ns = now_ns,
                                 .now_ns = now_ns,
                                 .size = h->request_body + h->uri.len,
                                 .carrier = BEACON_HTTP};
    s = beacon_lengthen(b, c);
    if (s == NULL)
        return NULL;
    if (h->host.len > 0 && domain_is_address(h->host))
        s->marks |= BEACON_BARE;
    if (is_stager_path(h->uri))
        s->marks |= BEACON_STAGER;
    if (h->user_agent.len == 0)
        s->marks |= BEACON_NO_AGENT;
    if (str_is(h->method, "GET"))
        note_path(s, (uint32_t)str_hash(&STR_HASH_STORED, h->uri.at, h->uri.len), now_ns);
    return s;
}

/* ---- ICMP ---- */

/* Padding, also a tester's own that is always the same, says nothing. */
static void
note_ping(struct beacon_series *s, struct str data)
{
    enum ping_look look = ping_look(data);
    uint32_t before = s->fresh;

    beacon_note_one_of_many(s, (uint32_t)str_hash(&STR_HASH_STORED, data.at, data.len));
    s->plain += look == PING_PADDING || (look == PING_DATA && s->fresh == before);
}

struct beacon_series *
beacon_from_icmp(struct beacon *b, const struct icmp_view *v, int64_t now_ns, struct flow_view *f,
                 struct beacon_contact *c)
{
    struct beacon_series *s;

    if (v->type != (v->v6 ? 129 : 0) || !net_addr_is_local(&v->dst) || net_addr_is_local(&v->src) ||
        net_addr_is_group(&v->src) || net_addr_is_group(&v->dst))
        return NULL;
    *f = (struct flow_view){.src = v->dst,
                            .dst = v->src,
                            .sport = v->v6 ? 128 : 8,
                            .proto = v->v6 ? 58 : 1,
                            .state = FLOW_ESTABLISHED,
                            .payload_in = v->payload_len,
                            .packets_out = 1,
                            .packets_in = 1,
                            .start_ns = now_ns,
                            .end_ns = now_ns,
                            .app = {"", 0},
                            .protocol = {"", 0},
                            .category = {"", 0},
                            .server_name = {"", 0}};
    *c = (struct beacon_contact){.flow = f,
                                 .name = {"", 0},
                                 .at_ns = now_ns,
                                 .now_ns = now_ns,
                                 .size = v->payload_len,
                                 .carrier = BEACON_ICMP};
    s = beacon_lengthen(b, c);
    if (s != NULL)
        note_ping(s, v->data);
    return s;
}
