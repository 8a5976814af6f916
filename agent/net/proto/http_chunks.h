/* SPDX-License-Identifier: Apache-2.0 */
/* http_chunks: the framing of a chunked body (RFC 9112, 7.1): sizes, extensions, trailers. */
#pragma once

#include "common/slice.h"

struct http_chunks { /* zeroed: at the beginning */
    uint64_t left;   /* of the chunk's data */
    uint16_t line;   /* bytes of a size line or of the trailers so far */
    uint8_t digits, state;
};

enum { HTTP_CHUNK_LINE_MAX = 4096 };

/* Takes framing off *in up to the next data, which is *data then ("" when *in is used up). VG_OK;
 * VG_END: the body is over, *in stands behind it; VG_ERR_FORMAT. */
enum vg_err http_chunks_next(struct http_chunks *c, struct slice *in,
                             struct slice *data) VG_MUST_CHECK;
/* A hole of so many bytes: true when all of it was data, and reading can go on. */
bool http_chunks_skip(struct http_chunks *c, uint64_t bytes);
