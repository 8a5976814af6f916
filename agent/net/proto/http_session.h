/* SPDX-License-Identifier: Apache-2.0 */
/* http_session: the cookie that keeps somebody logged in (RFC 6265), as a number that tells one
 * session from another. Its value is never kept: who has it is logged in. */
#pragma once

#include "common/str.h"

enum {
    HTTP_SESSION_BYTES_MIN = 16
}; /* of a value that nobody can guess: a shorter one is a count */

/* The hash of the first such cookie of a Cookie field, with the host that it is for; 0: none. */
uint64_t http_session_of(struct str cookie, struct str host);
