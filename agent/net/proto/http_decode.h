/* SPDX-License-Identifier: Apache-2.0 */
/* http_decode: undoes content and transfer codings (gzip, deflate with or without zlib's frame) by
 * zlib, one behind the other where a content has several. Growth is bounded; zlib's memory is
 * charged to the engine. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/http_head.h"

enum {
    HTTP_DECODED_MAX = 32 * 1024 * 1024,   /* of one body */
    HTTP_DECODED_FREE_BYTES = 1024 * 1024, /* may grow at any ratio */
    HTTP_DECODED_RATIO_MAX = 200,
};

struct http_decoder;

/* What could be decoded goes there; borrowed for the call. */
typedef void http_decoded_fn(void *ctx, const struct protocol_call *call, struct slice bytes);

/* For as many of the codings, from the last one back, as we know. *left: the first one that stays
 * ("br"), or "". NULL: there is nothing to decode, or no memory (then *left names the last one). */
struct http_decoder *http_decoder_new(struct net_engine *e, const struct http_codings *codings,
                                      struct str *left);
void http_decoder_free(struct http_decoder *d, struct net_engine *e);

/* VG_OK; VG_ERR_FORMAT: damaged from here on; VG_ERR_LIMIT: grew beyond what we accept. What comes
 * behind the end of the coded bytes is left out. */
enum vg_err http_decoder_bytes(struct http_decoder *d, const struct protocol_call *call,
                               struct slice bytes, http_decoded_fn *sink, void *ctx) VG_MUST_CHECK;
