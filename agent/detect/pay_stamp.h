/* SPDX-License-Identifier: Apache-2.0 */
/* pay_stamp: when something was seen last, by key: for what counts once within some time. */
#pragma once

#include "agent/detect/keytab.h"

/* A table of stamps. */
enum vg_err pay_stamps_new(char name, uint16_t version, size_t cells_max,
                           struct keytab **out) VG_MUST_CHECK;
/* Stamps the key; whether it had been stamped within window_ns before. 0 is nobody's key: false. */
bool pay_stamp(struct keytab *stamps, uint64_t key, int64_t now_ns, int64_t window_ns);
