/* SPDX-License-Identifier: Apache-2.0 */
/* ssh_auth: log-ins of SSH that can be told from the sizes of encrypted packets.
 *
 * RFC 4253, 6 fixes the size of a packet by its payload, the cipher's block and the MAC, and three
 * answers of RFC 4252 have payloads of fixed size: SERVICE_ACCEPT "ssh-userauth" 17 bytes,
 * USERAUTH_SUCCESS 1, and USERAUTH_FAILURE the same through one connection, as it names the same
 * methods. (That SUCCESS is 16 bytes shorter than SERVICE_ACCEPT whatever the cipher is an
 * observation of the analyzer of SSH in Zeek.) Client and server take turns until the log-in, so
 * all bytes between two turns are one answer.
 *
 * The first request asks for no method ("none") to learn which there are; its failure is no try.
 * Clients that leave it out are known by their banner, or by a second request that is no longer
 * than the first: a request with a password is at least 18 bytes longer than "none". Offers of
 * public keys, known by their length, are no tries either. */
#pragma once

#include "agent/net/protocol.h"
#include "common/str.h"

struct ssh_auth {
    uint32_t accept, success;        /* expected sizes on the wire; 0: not known yet */
    uint32_t request, reply, first;  /* bytes of this turn; of the reply's first segment */
    uint32_t failure, first_request; /* their sizes, once known */
    uint32_t turns;                  /* answers so far, SERVICE_ACCEPT and all */
    uint32_t failures;               /* told */
    bool listening, accepted, asked, direct, owed, over;
};

/* What was agreed on for the server's packets. `direct`: the client asks for no list first. */
void ssh_auth_begin(struct ssh_auth *a, struct str cipher, struct str mac, bool direct);
/* So many encrypted bytes, one segment or a part of it. False: nothing more is to be learned. */
bool ssh_auth_bytes(struct ssh_auth *a, const struct protocol_call *call, unsigned client,
                    uint32_t bytes);
/* The connection ends: the last answer is judged. */
void ssh_auth_end(struct ssh_auth *a, const struct protocol_call *call, unsigned client);
