/* SPDX-License-Identifier: Apache-2.0 */
/* net_common: small things that the net.* detectors share: keys, parties, evidence. */
#pragma once

#include "agent/detect/detector.h"
#include "agent/detect/keyed.h"

/* A key of a keyed table, put together from fixed parts. */
struct net_key {
    uint8_t bytes[KEYED_KEY_MAX];
    size_t len;
};
void net_key_u8(struct net_key *k, uint8_t v);
void net_key_u16(struct net_key *k, uint16_t v);
void net_key_u64(struct net_key *k, uint64_t v);
void net_key_addr(struct net_key *k, const struct net_addr *a); /* family and bytes */
void net_key_mac(struct net_key *k, const uint8_t mac[6]);
void net_key_str(struct net_key *k, struct str s); /* 8 bytes of its stored hash */
uint64_t net_key_hash(const struct net_key *k);    /* of keytab.h */

void net_addr_encode(const struct net_addr *a, struct buf *out);
struct net_addr net_addr_decode(struct slice *in); /* sticky */

enum { NET_MAC_TEXT_MAX = 18 };

/* What a keyed table of `cap` values costs (detectors.h: what each detector may hold). */
#define NET_TABLE_BYTES(cap, type) ((size_t)(cap) * (sizeof(type) + KEYED_OWN_BYTES))
const char *net_mac_format(const uint8_t mac[6], char out[NET_MAC_TEXT_MAX]); /* lower case */
bool net_mac_usable(const uint8_t mac[6]); /* one station's: no group bit, not all zero */

/* A device of the shop for local addresses, a host of the world otherwise. */
void net_party_addr(struct party *p, const struct net_addr *a);

/* {"type":"flow","src","sport","dst","dport","proto","bytes_out","bytes_in","start","end"}; NULL
 * without memory. */
json_t *net_evidence_flow(const struct flow_view *f);
const char *net_proto_name(uint8_t proto); /* "tcp", "udp", "icmp", "ip" */

/* The settings of a rules file: a number in [min, max]. False (and `why` told) when it is out of
 * range or no number; absent: unchanged. */
bool net_setting_real(const struct detector_env *env, const char *name, double min, double max,
                      double *value, char why[DETECT_WHY_MAX]);
bool net_setting_u32(const struct detector_env *env, const char *name, uint32_t min, uint32_t max,
                     uint32_t *value, char why[DETECT_WHY_MAX]);
/* A duration text, "10m", as nanoseconds. */
bool net_setting_duration(const struct detector_env *env, const char *name, int64_t min_ns,
                          int64_t max_ns, int64_t *value, char why[DETECT_WHY_MAX]);
