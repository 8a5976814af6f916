/* SPDX-License-Identifier: Apache-2.0 */
/* metadata: observations as lines of JSON (DESIGN, Metadata), for `read --metadata` and for the
 * context that the keeper keeps. */
#pragma once

#include "agent/detect/obs.h"
#include "common/buf.h"

/* Appends one object without a line end; false (and nothing appended) for kinds that have none:
 * ticks, beginnings and updates of flows, ICMP but neighbour discovery, bodies. Sticky errors as buf. */
bool metadata_put(const struct obs *obs, struct buf *out);
