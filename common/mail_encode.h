/* SPDX-License-Identifier: Apache-2.0 */
/* mail_encode: the encodings inside a mail, for mail.c. Sticky errors as buf. */
#pragma once

#include "common/buf.h"

/* "Name: value\r\n", folded; a value beyond printable ASCII as RFC 2047 words (UTF-8, base64), cut
 * at MAIL_HEADER_MAX bytes. Control characters become a space. */
enum { MAIL_HEADER_MAX = 500 };
void mail_put_header(struct buf *out, const char *name, const char *value);
/* "Name: display <address>\r\n"; the address was checked by the caller. */
void mail_put_address(struct buf *out, const char *name, const char *display, const char *address);
/* Quoted-printable (RFC 2045, 6.7) with CRLF line ends; any of \n, \r\n, \r ends a line. */
void mail_put_quoted_printable(struct buf *out, struct slice text);
