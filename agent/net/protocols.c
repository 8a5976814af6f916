/* SPDX-License-Identifier: Apache-2.0 */
/* protocols: the table of all application protocols: a new one is its file and its row. */
#include "agent/net/protocols.h"

const struct protocol *const PROTOCOLS[] = {
    &PROTOCOL_TLS,
    &PROTOCOL_HTTP,
    &PROTOCOL_DNS,
    NULL,
};
