/* SPDX-License-Identifier: Apache-2.0 */
/* dns_message: one DNS message (RFC 1035) read into text. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum { DNS_ANSWERS_MAX = 64, DNS_TEXT_MAX = 64 * 1024 };

struct dns_message {
    uint16_t id;
    bool response, cut; /* cut: the answers could not all be read */
    uint8_t opcode, rcode;
    uint16_t questions;
    struct str query; /* of the first question; borrowed from `text` */
    uint16_t qtype, qclass;
    struct str answers[DNS_ANSWERS_MAX]; /* data of the answer section as text */
    size_t answer_count;
};

/* Reads `in`; texts go into `text`, which is cleared first and lends them. The question must be
 * whole; answers are read as far as they go. VG_ERR_SHORT, VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum vg_err dns_message_read(struct slice in, struct buf *text,
                             struct dns_message *out) VG_MUST_CHECK;
/* Whether bytes on no port of DNS are surely a message of it. */
bool dns_message_certain(struct slice in, struct buf *text);
