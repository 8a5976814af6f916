/* SPDX-License-Identifier: Apache-2.0 */
/* tls_facts: what has been learned of a connection until it is told, whatever carries it: TCP,
 * datagrams (DTLS) or QUIC. Some hundred bytes; texts lie together in one buffer. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/tls_cert.h"
#include "agent/net/proto/tls_server.h"

struct tls_span {
    uint16_t at, len;
};

struct tls_facts {
    enum tls_carrier carrier;
    bool hello, server_hello; /* seen */
    bool retried;             /* the server asked for another hello */
    bool early_data;          /* the client offers data of its own before the answer */
    bool established, resumed, has_cert, self_signed;
    bool explicit_curve;
    bool heartbeats; /* the server takes them (RFC 6520, 2) */
    uint8_t alert;
    uint16_t version, server_version, cipher;
    char ja3[TLS_JA3_SIZE], ja4[TLS_JA4_SIZE], ja3s[TLS_JA3_SIZE];
    int64_t not_before_ns, not_after_ns;
    uint16_t host_count, hosts_total;
    struct tls_span sni, alpn, server_alpn, issuer, subject, serial, sha1,
        hosts[TLS_CERT_HOSTS_MAX];
    struct buf texts;
};

void tls_facts_init(struct tls_facts *f, enum tls_carrier carrier);
void tls_facts_done(struct net_engine *e, struct tls_facts *f);

/* Each: names the server of the flow where it can; uses net_scratch(), in which `h` must not lie.
 * Without memory the fact is left out. */
void tls_facts_hello(struct tls_facts *f, const struct protocol_call *call,
                     const struct tls_hello *h);
/* No hello of TLS, but a name. */
void tls_facts_name(struct tls_facts *f, const struct protocol_call *call, struct str sni);
void tls_facts_server(struct tls_facts *f, const struct protocol_call *call,
                      const struct tls_server_hello *h);
void tls_facts_cert(struct tls_facts *f, const struct protocol_call *call, struct slice der);

/* Hands on the observation. `client`: direction index. `quic_version`: "" elsewhere. */
void tls_facts_tell(const struct tls_facts *f, const struct protocol_call *call, unsigned client,
                    struct str quic_version);
