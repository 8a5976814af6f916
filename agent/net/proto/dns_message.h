/* SPDX-License-Identifier: Apache-2.0 */
/* dns_message: one DNS message (RFC 1035, RFC 6891) read into text; its records one by one. */
#pragma once

#include "agent/detect/obs.h"
#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum { DNS_ANSWERS_MAX = 64, DNS_TEXT_MAX = 64 * 1024, DNS_OPCODE_UPDATE = 5 };

struct dns_head {
    uint16_t id, flags, questions, answers, authority, additional;
};
struct dns_head dns_head_read(struct slice *in); /* all 0 and in->bad where it is too short */

struct dns_record {
    struct slice name; /* stands at the owner's name: dns_name_read() */
    uint16_t type, class;
    uint32_t ttl;
    struct slice data;
};
/* The record at `in`, which stands behind it afterwards. */
enum vg_err dns_record_read(struct slice *in, struct dns_record *out) VG_MUST_CHECK;

struct dns_message {
    uint16_t id;
    bool response, cut; /* cut: the answers could not all be read */
    bool aa, tc, rd, ra;
    bool edns, edns_do;
    uint16_t edns_payload;
    uint8_t opcode;
    uint16_t rcode; /* 12 bits with EDNS */
    uint16_t questions;
    struct str query; /* of the first question; borrowed from `text` */
    uint16_t qtype, qclass;
    uint32_t ttl_min; /* of the answers; 0 without any */
    size_t answer_count, address_count;
    struct str answers[DNS_ANSWERS_MAX];        /* data of the answer section as text */
    struct net_addr addresses[DNS_ANSWERS_MAX]; /* of its A and AAAA records */
};

/* Reads `in`; texts go into `text`, which is cleared first and lends them. The question must be
 * whole; answers are read as far as they go. VG_ERR_SHORT, VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum vg_err dns_message_read(struct slice in, struct buf *text,
                             struct dns_message *out) VG_MUST_CHECK;
/* Whether bytes on no port of DNS are surely a message of it. */
bool dns_message_certain(struct slice in);
