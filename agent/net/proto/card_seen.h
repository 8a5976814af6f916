/* SPDX-License-Identifier: Apache-2.0 */
/* card_seen: card numbers in streams that have no bodies of their own: terminals in the clear, and
 * connections of no known protocol.
 *
 * Record "card", once for a flow: service ("telnet", "raw"), from_server, cards (how many were in
 * that piece), last4 (of the first one). Never more of a number. */
#pragma once

#include "agent/net/protocol.h"

/* Looks at a piece of text; true when it was told: the caller looks no more. */
bool card_seen(const struct protocol_call *call, struct str text, const char *service);
