/* SPDX-License-Identifier: Apache-2.0 */
/* Bridges: ways into Tor that hide as something else. What can be said of them:
 *
 *   bridge     a name of theirs is called. Behind a front (meek, and Snowflake's broker as the Tor browser
 *              asks it) only the front's name shows, which says nothing.
 *   snowflake  servers of STUN_MIN owners tell a device its address within STUN_NS (calls and games ask
 *              one or two), and then it speaks DTLS to a bare address.
 *   sealed     a stream to an unfamiliar bare address, enciphered from the first byte on both sides
 *              (raw_sealed.h: obfs4; Shadowsocks and others too): a weak hint, and none where there are
 *              many, as among those who share files. */
#include "agent/detect/domain.h"
#include "agent/detect/net_tor_private.h"
#include "common/vtime.h"

enum { STUN_MIN = 3, SEALED_MOST = 2, SEALED_BYTES_MIN = 4096 };
#define STUN_NS     (5 * VG_MIN_NS)
#define SEALED_NS   VG_HOUR_NS
#define FAMILIAR_NS VG_DAY_NS
#define P_SEALED    2e-3
#define P_SHARED    0.2

/* snowflake-proxy(1); the Tor browser's pt_config.json and its predecessors. */
static const char NAMES[] =
    "snowflake-broker.torproject.net snowflake.torproject.net "
    "snowflake-broker.bamsoftware.com snowflake.bamsoftware.com snowflake-broker.azureedge.net "
    "snowflake-broker.torproject.net.global.prod.fastly.net snowflake-reg.appspot.com "
    "1098762253.rsc.cdn77.org 1603026938.rsc.cdn77.org meek.azureedge.net "
    "meek-reflect.appspot.com";

static bool
local_to_world(const struct flow_view *f)
{
    return net_addr_is_local(&f->src) && !net_addr_is_local(&f->dst);
}

void
tor_bridge_dns(struct tor *t, const struct dns_view *d, int64_t now_ns)
{
    struct tor_device *device;

    if (!net_addr_is_local(&d->flow->src) || d->query.len <= 5 ||
        !str_eq_nocase(str_n(d->query.at, 5), str_of("stun.")) ||
        (device = tor_device(t, &d->flow->src)) == NULL)
        return;
    if (device->stuns == 0 || now_ns - device->stun_ns > STUN_NS || now_ns < device->stun_ns) {
        device->stuns = 0;
        device->stun_ns = now_ns;
    }
    (void)tor_count(device->stun, &device->stuns, TOR_STUN_KEPT,
                    (uint32_t)domain_hash(domain_registered(d->query)));
}

void
tor_bridge_tls(struct tor *t, const struct tls_view *v, int64_t now_ns)
{
    struct tor_device *device;

    if (!local_to_world(v->flow))
        return;
    if (domain_in_list(v->sni, NAMES)) {
        tor_report(t, v->flow, v->sni, "bridge", 1, now_ns, 80, 0, now_ns);
        return;
    }
    if (v->carrier != TLS_OVER_UDP || v->sni.len > 0 ||
        net_scene_resolved(t->scene, &v->flow->dst).len > 0)
        return;
    device = tor_device(t, &v->flow->src);
    if (device == NULL || device->stuns < STUN_MIN || now_ns - device->stun_ns > 2 * STUN_NS)
        return;
    tor_report(t, v->flow, str_of(""), "snowflake", 1, device->stun_ns, 70, 0, now_ns);
}

static bool
familiar(const struct tor *t, const struct flow_view *f, int64_t now_ns)
{
    struct net_place_view place;

    return net_scene_resolved(t->scene, &f->dst).len > 0 ||
           (net_scene_place(t->scene, str_of(""), &f->dst, &place) &&
            now_ns - place.first_ns > FAMILIAR_NS);
}

void
tor_bridge_record(struct tor *t, const struct record_view *r, int64_t now_ns)
{
    const struct record_field *sealed = record_find(r, "sealed");
    const struct flow_view *f = r->flow;
    struct tor_device *device;

    if (!str_is(str_of(r->type), "raw") || sealed == NULL || sealed->number == 0 ||
        !local_to_world(f) || f->category.len > 0 || f->server_name.len > 0 ||
        f->payload_out + f->payload_in < SEALED_BYTES_MIN || familiar(t, f, now_ns) ||
        (device = tor_device(t, &f->src)) == NULL)
        return;
    if (device->sealed == 0 || now_ns - device->sealed_ns > SEALED_NS ||
        now_ns < device->sealed_ns) {
        device->sealed = 0;
        device->sealed_ns = now_ns;
    }
    if (!tor_count(device->seal, &device->sealed, TOR_SEALED_KEPT,
                   tor_hash(f->dst.bytes, sizeof(f->dst.bytes))))
        return;
    tor_report(t, f, str_of(""), "sealed", device->sealed, device->sealed_ns, 0,
               device->sealed <= SEALED_MOST ? P_SEALED : P_SHARED, now_ns);
}
