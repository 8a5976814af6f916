/* SPDX-License-Identifier: Apache-2.0 */
/* gquic_hello: the client's hello of Google's QUIC crypto (a tagged CHLO message): server name and
 * user agent. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

struct gquic_hello {
    struct str sni, user_agent; /* borrowed; "" */
};

/* `in` begins with the message. VG_ERR_FORMAT: no CHLO. VG_ERR_SHORT: it ends before a name does;
 * what came before is in *out. */
enum vg_err gquic_hello_read(struct slice in, struct gquic_hello *out) VG_MUST_CHECK;
