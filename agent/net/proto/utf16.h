/* SPDX-License-Identifier: Apache-2.0 */
/* utf16: names as Windows sends them (UTF-16, little endian) as UTF-8. */
#pragma once

#include "common/base.h"
#include "common/slice.h"

/* Writes up to `size` bytes, whole characters only; half a surrogate pair becomes U+FFFD; ends at
 * the first zero. Returns how many bytes were written; not terminated. */
size_t utf16_read(struct slice in, char *out, size_t size);
/* The same of single bytes of the sender's code page: all above ASCII become '?'. */
size_t oem_read(struct slice in, char *out, size_t size);
/* The bytes up to the first zero character (taken with it), or all that are left. `wide`: two
 * bytes a character. */
struct slice utf16_until_zero(struct slice *in, bool wide);
