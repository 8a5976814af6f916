/* SPDX-License-Identifier: Apache-2.0 */
/* http2_head: heads of HTTP/2 unpacked (HPACK, RFC 7541), one for each direction, because what one
 * head said shortens the next. By libnghttp2; its memory is charged to the engine. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"

struct http2_unpacker;

struct http2_unpacker *http2_unpacker_new(struct net_engine *e);
void http2_unpacker_free(struct http2_unpacker *u, struct net_engine *e);
/* The reader of these heads allows a dynamic table of `size` bytes (SETTINGS_HEADER_TABLE_SIZE). */
void http2_unpacker_table(struct http2_unpacker *u, uint32_t size);
/* One whole block. Texts of *out lie in `text`, which is cleared first. `out->response` when it has
 * a status; a head that has neither method nor status is a trailer. VG_ERR_FORMAT: this direction
 * cannot be unpacked any more; VG_ERR_LIMIT: the same, because it is too large. */
enum vg_err http2_unpack(struct http2_unpacker *u, struct slice block, struct buf *text,
                         struct http_head *out) VG_MUST_CHECK;
