/* SPDX-License-Identifier: Apache-2.0 */
/* mime_decode: the transfer codings of a mail's parts (RFC 2045, 6) undone, on the way into a file.
 * Decoded bytes are gathered to pieces that are worth looking at. */
#pragma once

#include "agent/net/proto/lines.h"
#include "agent/net/transfer.h"

enum { MIME_OUT_BYTES = 1536 };

enum mime_coding { MIME_PLAIN, MIME_BASE64, MIME_QUOTED };

struct mime_decoder {
    enum mime_coding coding;
    bool padded;      /* base64: '=' came */
    uint8_t have;     /* base64: bits that wait */
    uint8_t line_end; /* bytes of a line end that belongs to a boundary if one follows */
    uint32_t bits;
    uint32_t used;
    uint8_t out[MIME_OUT_BYTES];
};

enum mime_coding mime_coding_of(struct str name);
void mime_decode(struct mime_decoder *d, struct transfer *file, const struct protocol_call *call,
                 const struct line_piece *line);
void mime_decode_gap(struct mime_decoder *d, struct transfer *file,
                     const struct protocol_call *call, uint64_t bytes);
/* Hands on what waits. */
void mime_decode_end(struct mime_decoder *d, struct transfer *file,
                     const struct protocol_call *call);
