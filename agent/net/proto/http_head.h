/* SPDX-License-Identifier: Apache-2.0 */
/* http_head: the head of an HTTP/1.x message (RFC 9112): its first line and the fields that we
 * use. Pure; everything borrows from the input. A field that goes on in the next line (obs-fold,
 * RFC 9112, 5.2) has that line's end and white space in its value. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum http_coding { HTTP_GZIP, HTTP_DEFLATE, HTTP_CODING_OTHER };
enum { HTTP_CODINGS_MAX = 3 };

/* What was done to a content, first to last: content codings, then transfer codings. */
struct http_codings {
    enum http_coding coding[HTTP_CODINGS_MAX];
    struct str name[HTTP_CODINGS_MAX];
    unsigned count;
    bool more; /* than HTTP_CODINGS_MAX */
};

enum http_upgrade { HTTP_UPGRADE_NONE, HTTP_UPGRADE_H2C, HTTP_UPGRADE_OTHER };

struct http_head {
    bool response;
    int status;             /* responses */
    struct str method, uri; /* requests */
    struct str host, user_agent, referer, content_type, disposition, authorization, cookie;
    struct slice fields; /* all of them as they came; empty for HTTP/2 */
    bool chunked, has_length;
    enum http_upgrade upgrade;
    uint64_t length;
    bool has_range; /* Content-Range: bytes first-last/total; total 0 where unknown */
    uint64_t range_first, range_last, range_total;
    struct http_codings codings;
};

enum { HTTP_HEAD_MAX = 64 * 1024, HTTP_METHOD_MAX = 24, HTTP_FIELDS_MAX = 256 };

/* Whether bytes begin like a message: 1 yes, 0 no, -1 too few to tell. */
int http_head_looks(struct slice in);
/* The length of the head with its empty line, or 0 when it is not all in `in`; looks from *from on,
 * which is moved so that the next call with more bytes need not look twice. */
size_t http_head_end(struct slice in, size_t *from);
/* VG_ERR_FORMAT: no HTTP/1.x. */
enum vg_err http_head_read(struct slice in, struct http_head *out) VG_MUST_CHECK;
/* Only fields, as in front of a part of a multipart body (RFC 2046). */
void http_fields_read(struct slice in, struct http_head *out);

struct http_field {
    struct str name, value; /* without white space around them; name "": no field */
};
/* The next field line, with what was folded; false behind the last one. */
bool http_next_field(struct slice *in, struct http_field *out);
/* The fields that no ordinary program sends: values with what only code and queries hold ("${", "() {",
 * quotes, angle brackets, "../", "rO0AB"), and names that only attacks use. Lines "name: value" with a line
 * feed each, as many whole ones as fit; never the fields that have a place of their own above, nor
 * credentials. */
enum { HTTP_ODD_MAX = 2048 };
struct str http_odd_fields(struct slice fields, char out[HTTP_ODD_MAX]);

/* "name" of "value; name=quoted" (RFC 9110, 5.6.6), without its quotes; "" where there is none. */
struct str http_parameter(struct str value, const char *name);
enum { HTTP_MIME_MAX = 64 };
/* The media type without its parameters, in lower case. */
struct str http_media_type(struct str value, char out[HTTP_MIME_MAX]);
