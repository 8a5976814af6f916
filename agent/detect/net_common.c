/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/net_common.h"

#include <stdio.h>
#include <string.h>

#include "common/vtime.h"

static void
key_put(struct net_key *k, const void *bytes, size_t n)
{
    if (n > sizeof(k->bytes) - k->len)
        return; /* all our keys fit; a longer one would only be coarser */
    memcpy(k->bytes + k->len, bytes, n);
    k->len += n;
}

void
net_key_u8(struct net_key *k, uint8_t v)
{
    key_put(k, &v, 1);
}

void
net_key_u16(struct net_key *k, uint16_t v)
{
    net_key_u8(k, (uint8_t)(v >> 8));
    net_key_u8(k, (uint8_t)(v & 0xff));
}

void
net_key_u64(struct net_key *k, uint64_t v)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        net_key_u8(k, (uint8_t)(v >> shift & 0xff));
}

void
net_key_addr(struct net_key *k, const struct net_addr *a)
{
    net_key_u8(k, a->family);
    key_put(k, a->bytes, a->family == 4 ? 4 : sizeof(a->bytes));
}

void
net_key_mac(struct net_key *k, const uint8_t mac[6])
{
    key_put(k, mac, 6);
}

void
net_key_str(struct net_key *k, struct str s)
{
    net_key_u64(k, str_hash(&STR_HASH_STORED, s.at, s.len));
}

uint64_t
net_key_hash(const struct net_key *k)
{
    return str_hash(&STR_HASH_STORED, k->bytes, k->len);
}

void
net_addr_encode(const struct net_addr *a, struct buf *out)
{
    buf_put_u8(out, a->family);
    if (a->family != 0)
        buf_put(out, a->bytes, a->family == 4 ? 4 : sizeof(a->bytes));
}

struct net_addr
net_addr_decode(struct slice *in)
{
    struct net_addr a = {.family = slice_u8(in)};

    if (a.family != 0 && a.family != 4 && a.family != 6)
        slice_skip(in, SIZE_MAX); /* not ours: makes the slice bad */
    else if (a.family != 0)
        (void)slice_copy(in, a.bytes, a.family == 4 ? 4 : sizeof(a.bytes));
    return in->bad ? (struct net_addr){0} : a;
}

const char *
net_mac_format(const uint8_t mac[6], char out[NET_MAC_TEXT_MAX])
{
    snprintf(out, NET_MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return out;
}

bool
net_mac_usable(const uint8_t mac[6])
{
    static const uint8_t zero[6];

    return (mac[0] & 1) == 0 && memcmp(mac, zero, sizeof(zero)) != 0;
}

void
net_party_addr(struct party *p, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];

    party_set(p, net_addr_is_local(a) ? "device" : "host", net_addr_format(a, text), NULL);
}

const char *
net_proto_name(uint8_t proto)
{
    switch (proto) {
    case 1:
    case 58:
        return "icmp";
    case 6:
        return "tcp";
    case 17:
        return "udp";
    default:
        return "ip";
    }
}

static json_t *
program_json(const struct program_view *p)
{
    return json_pack("{s:s%, s:s%, s:s%, s:s%}", "name", p->name.at, p->name.len, "path",
                     p->path.at, p->path.len, "user", p->user.at, p->user.len, "sha256",
                     p->sha256.at, p->sha256.len);
}

json_t *
net_evidence_flow(const struct flow_view *f)
{
    char src[NET_ADDR_TEXT_MAX], dst[NET_ADDR_TEXT_MAX], start[VTIME_TEXT_MAX], end[VTIME_TEXT_MAX];
    json_t *flow = json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:I, s:I, s:s, s:s}", "type", "flow",
                             "src", net_addr_format(&f->src, src), "sport", (int)f->sport, "dst",
                             net_addr_format(&f->dst, dst), "dport", (int)f->dport, "proto",
                             net_proto_name(f->proto), "bytes_out", (json_int_t)f->bytes_out,
                             "bytes_in", (json_int_t)f->bytes_in, "start",
                             vtime_format(f->start_ns, start), "end", vtime_format(f->end_ns, end));

    if (flow != NULL && f->program != NULL)
        (void)json_object_set_new(flow, "program", program_json(f->program));
    return flow;
}

static const json_t *
setting(const struct detector_env *env, const char *name)
{
    return env->settings != NULL ? json_object_get(env->settings, name) : NULL;
}

bool
net_setting_real(const struct detector_env *env, const char *name, double min, double max,
                 double *value, char why[DETECT_WHY_MAX])
{
    const json_t *v = setting(env, name);

    if (v == NULL)
        return true;
    if (!json_is_number(v) || json_number_value(v) < min || json_number_value(v) > max) {
        snprintf(why, DETECT_WHY_MAX, "%s: a number from %g to %g", name, min, max);
        return false;
    }
    *value = json_number_value(v);
    return true;
}

bool
net_setting_u32(const struct detector_env *env, const char *name, uint32_t min, uint32_t max,
                uint32_t *value, char why[DETECT_WHY_MAX])
{
    double v = *value;

    if (!net_setting_real(env, name, min, max, &v, why))
        return false;
    *value = (uint32_t)v;
    return true;
}

bool
net_setting_duration(const struct detector_env *env, const char *name, int64_t min_ns,
                     int64_t max_ns, int64_t *value, char why[DETECT_WHY_MAX])
{
    const json_t *v = setting(env, name);
    int64_t ns;

    if (v == NULL)
        return true;
    if (!json_is_string(v) || vtime_parse_duration(json_string_value(v), &ns) != VG_OK ||
        ns < min_ns || ns > max_ns) {
        snprintf(why, DETECT_WHY_MAX, "%s: a duration as \"10m\", not under %lld s or over %lld s",
                 name, (long long)(min_ns / VG_SEC_NS), (long long)(max_ns / VG_SEC_NS));
        return false;
    }
    *value = ns;
    return true;
}
