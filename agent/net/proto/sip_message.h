/* SPDX-License-Identifier: Apache-2.0 */
/* sip_message: the head of a SIP message (RFC 3261, 7), also in its compact form. Pure; everything
 * borrows from the input. Passwords never stand in SIP; what Digest makes of them is not read. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { SIP_HEAD_MAX = 8192, SIP_FIELDS_MAX = 128 };

struct sip_message {
    bool response;
    int status;             /* responses: 100 to 699 */
    struct str method, uri; /* requests; method of a response: from CSeq */
    struct str from, to, call_id, agent;
    struct str user; /* of the Digest that a request carries, "" */
    bool authorized; /* a request that carries credentials */
    uint32_t cseq;
    uint32_t length; /* of the body, as told; at most 1 MiB is believed */
};

/* Whether bytes begin like a message: 1 yes, 0 no, -1 too few to tell. */
int sip_looks(struct slice in);
/* `head`: up to and with its empty line; an unfinished one is read as far as it goes.
 * VG_ERR_FORMAT: no SIP. */
enum vg_err sip_message_read(struct slice head, struct sip_message *out) VG_MUST_CHECK;
/* What stands in <...>, or the text before the first ';': "sip:ana@shop.mx" of a From or To. */
struct str sip_address(struct str field);
