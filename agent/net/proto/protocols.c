/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/protocols.h"

#define PROTOCOL_ROW(name) &PROTOCOL_##name,
const struct protocol *const PROTOCOLS[] = {PROTOCOL_TABLE(PROTOCOL_ROW) NULL};
