/* SPDX-License-Identifier: Apache-2.0 */
/* hex: keys and fingerprints as text. */
#pragma once

#include <string.h>

#include "common/slice.h"

/* Lower-case digits and a NUL into out[2 * n + 1]. */
void hex_put(const uint8_t *bytes, size_t n, char *out);

/* Appends the digits of n bytes: a path is bytes, which JSON cannot hold. */
struct buf;
void hex_append(const void *bytes, size_t n, struct buf *out);
/* Back to a text, which has no NUL in it, of less than `size` bytes. VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum vg_err hex_text(const char *digits, char *out, size_t size) VG_MUST_CHECK;

/* Exactly n bytes from 2 * n digits of either case, with white space around them at most; `out` is
 * written only on VG_OK. n at most HEX_BYTES_MAX, else VG_ERR_LIMIT. VG_ERR_FORMAT. */
enum { HEX_BYTES_MAX = 64 };
enum vg_err hex_parse(struct slice text, uint8_t *out, size_t n) VG_MUST_CHECK;

static inline enum vg_err VG_MUST_CHECK
hex_parse_str(const char *text, uint8_t *out, size_t n)
{
    return hex_parse(slice_of(text, strlen(text)), out, n);
}
