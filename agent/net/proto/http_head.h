/* SPDX-License-Identifier: Apache-2.0 */
/* http_head: the head of an HTTP/1.x message (RFC 9112): its first line and the fields that we
 * use. Pure; everything borrows from the input. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum http_coding { HTTP_IDENTITY, HTTP_GZIP, HTTP_DEFLATE, HTTP_CODING_OTHER };

struct http_head {
    bool response;
    int status;             /* responses */
    struct str method, uri; /* requests */
    struct str host, user_agent, content_type;
    bool chunked, has_length, upgrade;
    uint64_t length;
    enum http_coding coding;
};

enum { HTTP_HEAD_MAX = 64 * 1024, HTTP_METHOD_MAX = 24, HTTP_FIELDS_MAX = 256 };

/* Whether bytes begin like a message: 1 yes, 0 no, -1 too few to tell. */
int http_head_looks(struct slice in);
/* The length of the head with its empty line, or 0 when it is not all in `in`; looks from *from on,
 * which is moved so that the next call with more bytes need not look twice. */
size_t http_head_end(struct slice in, size_t *from);
/* VG_ERR_FORMAT: no HTTP/1.x. */
enum vg_err http_head_read(struct slice in, struct http_head *out) VG_MUST_CHECK;
