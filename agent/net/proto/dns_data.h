/* SPDX-License-Identifier: Apache-2.0 */
/* dns_data: the data of a resource record as text, in the form that zone files have (RFC 1035 and
 * the RFC of each type); long keys and signatures are left out, unknown types are RFC 3597's. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum { DNS_HEX_MAX = 64 /* bytes of a digest or of unknown data that are shown */ };

/* Appends the text of `data`, which lies within `message` (compression). VG_ERR_SHORT,
 * VG_ERR_FORMAT, VG_ERR_LIMIT; what was appended by then is to be dropped. */
enum vg_err dns_data_put(struct slice message, uint16_t type, struct slice data,
                         struct buf *text) VG_MUST_CHECK;
