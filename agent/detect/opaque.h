/* SPDX-License-Identifier: Apache-2.0 */
/* opaque: whether a text hides what it says: encrypted bytes, or one long run of base64. Pure. */
#pragma once

#include "common/slice.h"

enum { OPAQUE_MIN = 24, OPAQUE_LOOK = 2048 /* so many bytes are looked at */ };

/* `bytes`: the beginning of a content. True for bytes that no text and no usual file has, and where most
 * of it is one run of base64 (also percent-encoded, as in a form; also inside JSON when it is long). */
bool opaque_looks(struct slice bytes);
