/* SPDX-License-Identifier: Apache-2.0 */
/* rdp: the messages that open a Remote Desktop connection (MS-RDPBCGR, 2.2.1), each within a TPKT
 * packet (RFC 1006). Pure. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { RDP_NAME_MAX = 96, RDP_CHANNELS_MAX = 31, RDP_CHANNEL_BYTES = 8 };

/* What client and server negotiate; bits of requestedProtocols and selectedProtocol. */
enum {
    RDP_SECURITY_TLS = 1,
    RDP_SECURITY_NLA = 2,
    RDP_SECURITY_RDSTLS = 4,
    RDP_SECURITY_NLA_EX = 8,
    RDP_SECURITY_AAD = 16,
};

struct rdp_request {
    struct str cookie; /* mstshash: most clients put the user there; borrowed; "" */
    bool routed;       /* a routing token of a load balancer */
    bool negotiates;   /* else: standard RDP security */
    uint32_t requested;
};
struct rdp_confirm {
    bool negotiates, failed;
    uint32_t selected; /* or the failure's code */
};
struct rdp_client {
    char name[RDP_NAME_MAX]; /* computer; UTF-8 */
    size_t name_len;
    uint32_t build;
    uint16_t width, height;
    uint8_t channels; /* static virtual channels that it asks for (MS-RDPBCGR, 2.2.1.3.4) */
    char channel[RDP_CHANNELS_MAX][RDP_CHANNEL_BYTES + 1];
};

/* `in`: a whole TPKT packet. VG_ERR_FORMAT: it is none of this kind. */
enum vg_err rdp_request_read(struct slice in, struct rdp_request *out) VG_MUST_CHECK;
enum vg_err rdp_confirm_read(struct slice in, struct rdp_confirm *out) VG_MUST_CHECK;
/* The core data of an MCS Connect Initial, and its channels as far as they are there. */
enum vg_err rdp_client_read(struct slice in, struct rdp_client *out) VG_MUST_CHECK;

/* "ssl-required-by-server"; "" where we know none. */
const char *rdp_failure_name(uint32_t code);
/* "tls", "nla", ...; "rdp" for 0. */
const char *rdp_security_name(uint32_t protocol);
