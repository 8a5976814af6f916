/* SPDX-License-Identifier: Apache-2.0 */
/* The first time that a device uses a VPN, an old tunnel of Windows, or look-ups that nobody here can
 * read (DNS over HTTPS or TLS to a public resolver): for the owner to govern, not to be alarmed by,
 * so an `info` event (rules file net.tunnel_use). Telephones do so by themselves.
 *
 * By the list of applications (categories `vpn` and `dns`), and by the ports that tunnels have of their
 * own: PPTP (RFC 2637, 1.3), L2TP (RFC 2661, 8.1), Teredo (RFC 4380, 2.7), OpenVPN's and WireGuard's by
 * their protocol. GRE and IP in IP are read through, as what they carry. */
#include "agent/detect/net_proxy_tunnel_private.h"

#include <string.h>

#include "agent/detect/codec.h"
#include "agent/detect/mask.h"
#include "agent/detect/net_common.h"
#include "agent/detect/net_tell.h"
#include "common/vtime.h"

enum { USES_VERSION = 1, TOOL_MAX = 40 };
#define FORGET_NS (180 * VG_DAY_NS) /* after so long a use is a first one again */

struct use { /* of a device and a tool */
    int64_t last_ns;
};

static void
put(const void *cell, struct buf *out)
{
    codec_put_i64(out, ((const struct use *)cell)->last_ns);
}

static void
get(void *cell, struct slice *in)
{
    ((struct use *)cell)->last_ns = codec_time(in);
}

_Static_assert(FIRST_USES_MAX *(sizeof(struct use) + FIRST_CELL_OWN_BYTES) +
                       sizeof(struct proxy_tunnel) <=
                   FIRST_BYTES,
               "the memory of detectors is promised");

enum vg_err
first_use_table(struct keytab **out)
{
    const struct keytab_options options = {.cell_bytes = sizeof(struct use),
                                           .cells_max = FIRST_USES_MAX,
                                           .row_bits = 3,
                                           .name = 'u',
                                           .version = USES_VERSION,
                                           .put = put,
                                           .get = get};

    return keytab_new(&options, out);
}

static struct str
tool_of(const struct flow_view *f)
{
    if (str_is(f->category, "vpn") || str_is(f->category, "dns"))
        return f->app;
    if (str_is(f->protocol, "openvpn") || str_is(f->protocol, "wireguard"))
        return f->protocol;
    if (f->proto == 6 && f->dport == 1723)
        return str_of("pptp");
    if (f->proto == 17 && f->dport == 1701)
        return str_of("l2tp");
    if (f->proto == 17 && f->dport == 3544)
        return str_of("teredo");
    return str_of("");
}

static void
tell(struct proxy_tunnel *t, const struct flow_view *f, struct str tool, int64_t now_ns)
{
    struct party subject, peer;
    char name[TOOL_MAX];
    struct finding finding = {.detector = "net.tunnel_use",
                              .time_ns = now_ns,
                              .subject = &subject,
                              .peer = &peer,
                              .score = 20};

    mask_text(name, sizeof(name), tool.at, tool.len);
    net_tell_party(t->scene, &subject, &f->src);
    party_set(&peer, "program", name, NULL);
    finding.facts = net_tell_flow(t->scene, f, str_of(""));
    (void)json_object_update_missing_new(
        finding.facts,
        json_pack("{s:s, s:b}", "tool", name, "lookups", str_is(f->category, "dns")));
    finding.evidence = json_array();
    (void)json_array_append_new(finding.evidence, net_evidence_flow(f));
    judge_finding(t->judge, &finding);
}

void
first_use_flow(struct proxy_tunnel *t, const struct flow_view *f, int64_t now_ns)
{
    struct net_key k = {0};
    struct str tool = tool_of(f);
    struct use *use;
    bool fresh;

    if (tool.len == 0 || f->payload_in == 0 || f->payload_out == 0 || !net_addr_is_local(&f->src) ||
        net_addr_is_local(&f->dst) || net_addr_is_group(&f->dst))
        return;
    net_key_addr(&k, &f->src);
    net_key_str(&k, tool);
    use = keytab_touch(t->uses, net_key_hash(&k), &fresh);
    if (use == NULL)
        return;
    fresh = fresh || now_ns - use->last_ns > FORGET_NS;
    use->last_ns = now_ns;
    if (fresh)
        tell(t, f, tool, now_ns);
}
