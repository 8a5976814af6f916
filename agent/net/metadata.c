/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/metadata.h"

#include <stdio.h>

#include "agent/net/decode/decode.h"
#include "agent/net/proto/dns_names.h"
#include "agent/net/proto/tls_names.h"
#include "common/json.h"

static void
put_text(struct buf *out, const char *key, struct str s)
{
    vg_json_put_str(out, key, s.at, s.len);
}

static void
put_null(struct buf *out, const char *key)
{
    vg_json_put_key(out, key);
    buf_put_str(out, "null");
}

static void
put_addr(struct buf *out, const char *key, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];

    put_text(out, key, str_of(net_addr_format(a, text)));
}

static void
put_mac(struct buf *out, const char *key, const uint8_t mac[6])
{
    char text[18];

    snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    put_text(out, key, str_of(text));
}

static void
put_proto(struct buf *out, uint8_t proto)
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {{1, "icmp"}, {2, "igmp"}, {6, "tcp"},    {17, "udp"},  {47, "gre"},
                 {50, "esp"}, {51, "ah"},  {58, "icmp6"}, {89, "ospf"}, {132, "sctp"}};
    char number[8];

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++)
        if (names[i].number == proto) {
            put_text(out, "proto", str_of(names[i].name));
            return;
        }
    snprintf(number, sizeof(number), "%u", proto);
    put_text(out, "proto", str_of(number));
}

static void
put_head(struct buf *out, const char *type, int64_t time_ns, const struct flow_view *f)
{
    char id[17];

    buf_put_u8(out, '{');
    put_text(out, "type", str_of(type));
    vg_json_put_time(out, "time", time_ns);
    put_addr(out, "src", &f->src);
    vg_json_put_int(out, "sport", f->sport);
    put_addr(out, "dst", &f->dst);
    vg_json_put_int(out, "dport", f->dport);
    put_proto(out, f->proto);
    snprintf(id, sizeof(id), "%016llx", (unsigned long long)f->id);
    put_text(out, "flow", str_of(id));
}

static void
put_program(struct buf *out, const struct program_view *p)
{
    vg_json_put_key(out, "program");
    buf_put_u8(out, '{');
    put_text(out, "name", p->name);
    put_text(out, "path", p->path);
    put_text(out, "user", p->user);
    if (p->sha256.len > 0)
        put_text(out, "sha256", p->sha256);
    buf_put_u8(out, '}');
}

static void
put_flow(const struct obs *obs, struct buf *out)
{
    const struct flow_view *f = obs->flow;

    put_head(out, "flow", f->start_ns, f);
    vg_json_put_int(out, "bytes_out", (int64_t)f->bytes_out);
    vg_json_put_int(out, "bytes_in", (int64_t)f->bytes_in);
    vg_json_put_int(out, "packets_out", f->packets_out);
    vg_json_put_int(out, "packets_in", f->packets_in);
    vg_json_put_time(out, "start", f->start_ns);
    vg_json_put_time(out, "end", f->end_ns);
    put_text(out, "state", str_of(flow_state_name(f->state)));
    put_text(out, "app", f->app);
    put_text(out, "protocol", f->protocol);
    if (f->category.len > 0)
        put_text(out, "category", f->category);
    if (f->server_name.len > 0)
        put_text(out, "server_name", f->server_name);
    if (f->program != NULL)
        put_program(out, f->program);
    if (f->has_mac) {
        put_mac(out, "src_mac", f->src_mac);
        put_mac(out, "dst_mac", f->dst_mac);
    }
}

/* A name that may hold UTF-8 (multicast DNS, RFC 6763; tunnels put anything there): the escapes of
 * bytes from 128 on are undone for readers. */
static void
put_name(struct buf *out, const char *key, struct str name)
{
    struct slice in = slice_of(name.at, name.len);
    char plain[1024];
    size_t n = 0;

    if (memchr(name.at, '\\', name.len) == NULL || name.len > sizeof(plain)) {
        put_text(out, key, name);
        return;
    }
    while (in.left > 0) {
        uint8_t c = slice_u8(&in);
        struct slice digits = in;

        if (c == '\\' && in.left >= 3) {
            unsigned a = slice_u8(&digits) - '0', b = slice_u8(&digits) - '0',
                     d = slice_u8(&digits) - '0', byte = a * 100 + b * 10 + d;

            if (a <= 2 && b <= 9 && d <= 9 && byte >= 128 && byte <= 255) {
                c = (uint8_t)byte;
                in = digits;
            }
        }
        plain[n++] = (char)c;
        if (c == '\\' && in.left > 0) /* the next one is escaped: no beginning of its own */
            plain[n++] = (char)slice_u8(&in);
    }
    vg_json_put_str(out, key, plain, n);
}

static void
put_list(struct buf *out, const char *key, const struct str *list, size_t count)
{
    vg_json_put_key(out, key);
    buf_put_u8(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_put_u8(out, ',');
        vg_json_put_quoted(out, list[i].at, list[i].len);
    }
    buf_put_u8(out, ']');
}

static void
put_bool(struct buf *out, const char *key, bool yes)
{
    vg_json_put_key(out, key);
    buf_put_str(out, yes ? "true" : "false");
}

static void
put_dns(const struct obs *obs, struct buf *out)
{
    const struct dns_view *d = obs->dns;
    char number[DNS_TYPE_TEXT_MAX];

    put_head(out, "dns", obs->time_ns, d->flow);
    put_name(out, "query", d->query);
    put_text(out, "qtype", str_of(dns_type_name(d->qtype, number)));
    if (d->rcode >= 0)
        vg_json_put_int(out, "rcode", d->rcode);
    else
        put_null(out, "rcode");
    put_list(out, "answers", d->answers, d->answer_count);
    if (d->rcode < 0)
        return;
    if (d->answer_count > 0)
        vg_json_put_int(out, "ttl", d->ttl_min);
    if (d->aa)
        put_bool(out, "authoritative", true);
    if (d->tc)
        put_bool(out, "truncated", true);
    if (d->edns)
        vg_json_put_int(out, "edns", d->edns_payload);
    if (d->edns_do)
        put_bool(out, "dnssec", true);
    if (d->again)
        put_bool(out, "again", true);
}

static void
put_http(const struct obs *obs, struct buf *out)
{
    const struct http_view *h = obs->http;

    /* What was neither seen whole nor answered has a type of its own: perhaps nobody acted upon
     * it. */
    put_head(out, h->incomplete && h->status == 0 ? "http_incomplete" : "http", obs->time_ns,
             h->flow);
    put_text(out, "method", h->method);
    put_text(out, "host", h->host);
    put_text(out, "uri", h->uri);
    put_text(out, "user_agent", h->user_agent);
    if (h->status > 0)
        vg_json_put_int(out, "status", h->status);
    else
        put_null(out, "status");
    put_text(out, "mime", h->mime);
}

static void
put_opt(struct buf *out, const char *key, struct str text)
{
    if (text.len > 0)
        put_text(out, key, text);
}

/* issuer, subject and not_after are always there, null where the certificate was not seen. */
static void
put_cert(struct buf *out, const struct cert_view *c)
{
    if (c == NULL) {
        put_null(out, "issuer");
        put_null(out, "subject");
        put_null(out, "not_after");
        return;
    }
    put_text(out, "issuer", c->issuer);
    put_text(out, "subject", c->subject);
    vg_json_put_time(out, "not_before", c->not_before_ns);
    vg_json_put_time(out, "not_after", c->not_after_ns);
    put_text(out, "serial", c->serial);
    put_text(out, "cert_sha1", c->sha1);
    put_list(out, "san", c->names, c->name_count);
    vg_json_put_int(out, "san_count", (int64_t)c->names_total);
    put_bool(out, "self_signed", c->self_signed);
    if (c->explicit_curve)
        put_bool(out, "explicit_curve", true);
}

static void
put_tls_server(struct buf *out, const struct tls_view *t)
{
    char name[TLS_NAME_MAX];

    if (t->server_version != 0) {
        put_text(out, "server_version", str_of(tls_version_name(t->server_version, name)));
        put_text(out, "cipher", str_of(t->cipher != 0 ? tls_cipher_name(t->cipher, name) : ""));
    }
    put_opt(out, "server_alpn", t->server_alpn);
    put_opt(out, "ja3s", t->ja3s);
    put_cert(out, t->cert);
    put_bool(out, "established", t->established);
    put_bool(out, "resumed", t->resumed);
    if (t->alert != 0)
        put_text(out, "alert", str_of(tls_alert_name(t->alert, name)));
}

static void
put_tls(const struct obs *obs, struct buf *out)
{
    static const char *const TYPES[] = {
        [TLS_OVER_TCP] = "tls", [TLS_OVER_UDP] = "dtls", [TLS_OVER_QUIC] = "quic"};
    const struct tls_view *t = obs->tls;
    char name[TLS_NAME_MAX];

    put_head(out, TYPES[t->carrier], obs->time_ns, t->flow);
    put_text(out, "sni", t->sni);
    put_text(out, "alpn", t->alpn);
    if (!t->quic)
        put_opt(out, "ja3", t->ja3);
    put_opt(out, "ja4", t->ja4);
    put_text(out, "version",
             t->quic ? t->quic_version : str_of(tls_version_name(t->version, name)));
    if (t->carrier == TLS_OVER_TCP)
        put_tls_server(out, t);
}

static void
put_record(const struct obs *obs, struct buf *out)
{
    const struct record_view *r = obs->record;

    put_head(out, r->type, obs->time_ns, r->flow);
    for (size_t i = 0; i < r->count; i++) {
        const struct record_field *f = &r->fields[i];

        switch (f->type) {
        case FIELD_TEXT:
            put_text(out, f->name, f->text);
            break;
        case FIELD_NUMBER:
            vg_json_put_int(out, f->name, f->number);
            break;
        case FIELD_BOOL:
            put_bool(out, f->name, f->number != 0);
            break;
        case FIELD_LIST:
            put_list(out, f->name, f->list, f->list_count);
            break;
        }
    }
}

static void
put_login(const struct obs *obs, struct buf *out)
{
    const struct login_view *l = obs->login;

    put_head(out, "login", obs->time_ns, l->flow);
    put_text(out, "service", str_of(l->service));
    put_text(out, "user", l->user);
    put_text(out, "result", str_of(login_result_name(l->result)));
    put_bool(out, "cleartext", l->cleartext);
    put_bool(out, "inferred", l->inferred);
    put_opt(out, "domain", l->domain);
}

/* Of what has no flow: addresses without ports. */
static void
put_link_head(struct buf *out, const char *type, int64_t time_ns, const struct net_addr *src,
              const struct net_addr *dst, const char *proto)
{
    buf_put_u8(out, '{');
    put_text(out, "type", str_of(type));
    vg_json_put_time(out, "time", time_ns);
    put_addr(out, "src", src);
    vg_json_put_int(out, "sport", 0);
    put_addr(out, "dst", dst);
    vg_json_put_int(out, "dport", 0);
    put_text(out, "proto", str_of(proto));
}

static void
put_arp(const struct obs *obs, struct buf *out)
{
    const struct arp_view *a = obs->arp;

    put_link_head(out, "arp", obs->time_ns, &a->sender, &a->target, "arp");
    put_text(out, "operation", str_of(a->reply ? "reply" : "request"));
    put_mac(out, "src_mac", a->sender_mac);
    put_mac(out, "dst_mac", a->target_mac);
    put_mac(out, "eth_src", a->eth_src);
    put_mac(out, "eth_dst", a->eth_dst);
}

static void
put_ndp(const struct obs *obs, struct buf *out)
{
    const struct icmp_view *i = obs->icmp;
    const struct ndp_view *n = i->ndp;

    put_link_head(out, "ndp", obs->time_ns, &i->src, &i->dst, "icmp6");
    put_text(out, "operation", str_of(decode_ndp_name(n->type)));
    if (n->target.family != 0)
        put_addr(out, "target", &n->target);
    if (n->has_mac)
        put_mac(out, "mac", n->mac);
    if (n->has_eth) {
        put_mac(out, "eth_src", n->eth_src);
        put_mac(out, "eth_dst", n->eth_dst);
    }
    put_bool(out, "direct", n->direct);
    if (n->type == 136) {
        put_bool(out, "router", n->router);
        put_bool(out, "solicited", n->solicited);
        put_bool(out, "overrides", n->overrides);
    }
    if (n->type == 134)
        vg_json_put_int(out, "lifetime", n->lifetime_s);
    if (n->prefix.family != 0) {
        put_addr(out, "prefix", &n->prefix);
        vg_json_put_int(out, "prefix_len", n->prefix_len);
    }
    if (n->name_server.family != 0)
        put_addr(out, "name_server", &n->name_server);
}

bool
metadata_put(const struct obs *obs, struct buf *out)
{
    switch (obs->kind) {
    case OBS_FLOW_END:
        put_flow(obs, out);
        break;
    case OBS_DNS:
        put_dns(obs, out);
        break;
    case OBS_HTTP:
        put_http(obs, out);
        break;
    case OBS_TLS:
        put_tls(obs, out);
        break;
    case OBS_RECORD:
        put_record(obs, out);
        break;
    case OBS_LOGIN:
        put_login(obs, out);
        break;
    case OBS_ARP:
        put_arp(obs, out);
        break;
    case OBS_ICMP:
        if (obs->icmp->ndp == NULL)
            return false;
        put_ndp(obs, out);
        break;
    default:
        return false;
    }
    buf_put_u8(out, '}');
    return true;
}
