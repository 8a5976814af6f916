/* SPDX-License-Identifier: Apache-2.0 */
/* ping_look: what the data of a ping is. What systems send is padding: a ramp, one byte over and over,
 * perhaps behind a time stamp. Pure. */
#pragma once

#include "common/str.h"

enum ping_look {
    PING_PADDING /* or nothing */,
    PING_PACKET /* an IP packet */,
    PING_TEXT,
    PING_DATA
};

/* Of what was captured of the payload behind identifier and sequence. */
enum ping_look ping_look(struct str data);
