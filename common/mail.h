/* SPDX-License-Identifier: Apache-2.0 */
/* mail: builds one message as it goes over the wire (RFC 5322, MIME): multipart/alternative, text
 * and HTML, both UTF-8 in quoted-printable.
 *
 * No value can add a header or a recipient: header text loses its control characters before it is
 * encoded (RFC 2047), addresses that are not plainly an address are refused. Lines end with CRLF
 * and are at most 76 characters (headers: 78). Dot-stuffing is the transport's. */
#pragma once

#include "common/buf.h"
#include "common/zone.h"

enum {
    MAIL_BYTES_MAX = 1024 * 1024,
    MAIL_ADDRESS_MAX = 254, /* RFC 5321, 4.5.3.1.3 */
    MAIL_ID_SIZE = 128,
};

struct mail_message {
    const char *from, *from_name; /* from_name NULL: the address alone */
    const char *to;
    const char *subject;
    const char *text, *html;
    const char *language;   /* "es-MX", "en" */
    const char *id;         /* Message-ID with its angle brackets; the same at each try */
    const char *references; /* the id of the first mail of the thread, or NULL */
    int64_t time_ns;        /* the header Date, in the zone */
    const struct zone *zone;
};

/* Appends the whole message. VG_ERR_FORMAT: an address or id that is none; VG_ERR_LIMIT: over
 * MAIL_BYTES_MAX; VG_ERR_NOMEM. */
enum vg_err mail_build(const struct mail_message *m, struct buf *out) VG_MUST_CHECK;

/* local@domain in ASCII (RFC 5321 dot-string and domain name; no quotes, no literal). */
bool mail_address_valid(const char *address);

/* "<NAME.N@vigia.invalid>": `name` is an incident's id or the like (letters, digits, '-', '.'),
 * n counts the mails of its thread from 0. False when the name does not fit. */
bool mail_id(const char *name, unsigned n, char out[MAIL_ID_SIZE]);
