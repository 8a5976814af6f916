/* SPDX-License-Identifier: Apache-2.0 */
/* mime_fields: fields of a mail's head: parameters (RFC 2045, 2231) and words in other characters
 * (RFC 2047), as UTF-8 where the characters are UTF-8, ASCII or Latin 1, else as they came. Pure. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

/* All write into out[size], cut, with a NUL, and return what was written. */

/* A field's text with its encoded words decoded; control characters become spaces. */
struct str mime_field_text(struct str value, char *out, size_t size);
/* The parameter `name` of "value; name=x; ...", also when it comes in numbered parts; "" for none. */
struct str mime_field_param(struct str value, const char *name, char *out, size_t size);
/* "value" of the same, borrowed. */
struct str mime_field_value(struct str value);
