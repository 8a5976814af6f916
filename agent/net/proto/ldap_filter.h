/* SPDX-License-Identifier: Apache-2.0 */
/* ldap_filter: the filter of a search (RFC 4511, 4.5.1) as text (RFC 4515). */
#pragma once

#include "common/buf.h"
#include "common/slice.h"

enum { LDAP_FILTER_DEPTH_MAX = 8, LDAP_FILTER_TEXT_MAX = 240 };

/* Takes the filter at the start of *in and appends its text, "..." where it is deeper or longer
 * than we write. False: no filter; what was appended so far stays. */
bool ldap_filter_put(struct slice *in, struct buf *out);
