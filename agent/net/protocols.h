/* SPDX-License-Identifier: Apache-2.0 */
/* protocols: the names that the table in protocols.c lists. */
#pragma once

#include "agent/net/protocol.h"

extern const struct protocol PROTOCOL_DNS, PROTOCOL_HTTP, PROTOCOL_TLS;
