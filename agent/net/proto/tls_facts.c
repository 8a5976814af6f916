/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/tls_facts.h"

enum { TEXTS_MAX = 8 * 1024, EXT_HEARTBEAT = 15 };

void
tls_facts_init(struct tls_facts *f, enum tls_carrier carrier)
{
    *f = (struct tls_facts){.carrier = carrier};
    buf_init(&f->texts, TEXTS_MAX);
}

void
tls_facts_done(struct net_engine *e, struct tls_facts *f)
{
    net_gather_done(e, &f->texts);
}

static struct tls_span
keep(struct tls_facts *f, struct net_engine *e, struct str text)
{
    struct tls_span span = {.at = (uint16_t)f->texts.len, .len = (uint16_t)text.len};

    if (text.len == 0 || text.len > TEXTS_MAX ||
        net_gather(e, &f->texts, text.at, text.len) != VG_OK)
        span.len = 0;
    return span;
}

static struct str
text_of(const struct tls_facts *f, struct tls_span span)
{
    struct slice all = buf_slice(&f->texts);

    slice_skip(&all, span.at);
    return str_n(slice_take(&all, span.len), span.len);
}

void
tls_facts_hello(struct tls_facts *f, const struct protocol_call *call, const struct tls_hello *h)
{
    static const char TRANSPORT[] = {
        [TLS_OVER_TCP] = 't', [TLS_OVER_UDP] = 'd', [TLS_OVER_QUIC] = 'q'};
    struct buf *scratch = net_scratch(call->engine);

    f->hello = true;
    f->version = h->version;
    f->early_data = h->early_data;
    f->sni = keep(f, call->engine, h->sni);
    f->alpn = keep(f, call->engine, str_of(h->alpn));
    if (tls_hello_ja4(h, TRANSPORT[f->carrier], scratch, f->ja4) != VG_OK)
        f->ja4[0] = '\0';
    if (h->v2_form || tls_hello_ja3(h, scratch, f->ja3) != VG_OK) /* JA3 knows no such hello */
        f->ja3[0] = '\0';
    net_flow_name_server(call->flow, h->sni);
    net_flow_hello(call, str_of(f->ja4), str_of(h->alpn), h->sni);
}

void
tls_facts_name(struct tls_facts *f, const struct protocol_call *call, struct str sni)
{
    f->sni = keep(f, call->engine, sni);
    net_flow_name_server(call->flow, sni);
    net_flow_hello(call, str_of(""), str_of(""), sni);
}

void
tls_facts_server(struct tls_facts *f, const struct protocol_call *call,
                 const struct tls_server_hello *h)
{
    f->server_version = h->version;
    if (h->retry) {
        f->retried = true;
        return;
    }
    f->server_hello = true;
    f->cipher = h->cipher;
    f->resumed = h->pre_shared;
    for (size_t i = 0; i < h->extension_count; i++)
        f->heartbeats = f->heartbeats || h->extensions[i] == EXT_HEARTBEAT;
    f->server_alpn = keep(f, call->engine, h->alpn);
    if (tls_server_ja3s(h, net_scratch(call->engine), f->ja3s) != VG_OK)
        f->ja3s[0] = '\0';
}

void
tls_facts_cert(struct tls_facts *f, const struct protocol_call *call, struct slice der)
{
    struct tls_cert cert;

    if (f->has_cert || tls_cert_read(der, &cert) != VG_OK)
        return;
    f->has_cert = true;
    f->self_signed = cert.self_signed;
    f->explicit_curve = cert.explicit_curve;
    f->not_before_ns = cert.not_before_ns;
    f->not_after_ns = cert.not_after_ns;
    f->issuer = keep(f, call->engine, str_of(cert.issuer));
    f->subject = keep(f, call->engine, str_of(cert.subject));
    f->serial = keep(f, call->engine, str_of(cert.serial));
    f->sha1 = keep(f, call->engine, str_of(cert.sha1));
    f->host_count = (uint16_t)cert.host_count;
    f->hosts_total = (uint16_t)(cert.hosts_total < UINT16_MAX ? cert.hosts_total : UINT16_MAX);
    for (size_t i = 0; i < cert.host_count; i++)
        f->hosts[i] = keep(f, call->engine, str_of(cert.hosts[i]));
}

void
tls_facts_tell(const struct tls_facts *f, const struct protocol_call *call, unsigned client,
               struct str quic_version)
{
    struct str hosts[TLS_CERT_HOSTS_MAX];
    struct flow_view flow;
    struct cert_view cert = {
        .issuer = text_of(f, f->issuer),
        .subject = text_of(f, f->subject),
        .serial = text_of(f, f->serial),
        .sha1 = text_of(f, f->sha1),
        .not_before_ns = f->not_before_ns,
        .not_after_ns = f->not_after_ns,
        .names = hosts,
        .name_count = f->host_count,
        .names_total = f->hosts_total,
        .self_signed = f->self_signed,
        .explicit_curve = f->explicit_curve,
    };
    struct tls_view view = {
        .flow = &flow,
        .sni = text_of(f, f->sni),
        .alpn = text_of(f, f->alpn),
        .ja3 = str_of(f->ja3),
        .ja4 = str_of(f->ja4),
        .version = f->version,
        .quic = f->carrier == TLS_OVER_QUIC,
        .carrier = f->carrier,
        .quic_version = quic_version,
        .server_version = f->server_version,
        .cipher = f->cipher,
        .server_alpn = text_of(f, f->server_alpn),
        .ja3s = str_of(f->ja3s),
        .established = f->established,
        .resumed = f->resumed,
        .alert = f->alert,
        .cert = f->has_cert ? &cert : NULL,
    };
    struct obs obs = {.kind = OBS_TLS, .time_ns = call->time_ns, .tls = &view};

    for (size_t i = 0; i < f->host_count; i++)
        hosts[i] = text_of(f, f->hosts[i]);
    net_flow_view(call, client, &flow);
    net_emit(call->engine, &obs);
}
