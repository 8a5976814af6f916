/* SPDX-License-Identifier: Apache-2.0 */
/* mime: one mail on its way (RFC 5322, RFC 2045 to 2049), line by line: the fields of its head that
 * matter, and its attachments handed on as files (transfer.h) with base64 and quoted-printable
 * undone. Multiparts are followed to a depth of MIME_DEPTH_MAX, mails within mails likewise. */
#pragma once

#include "agent/net/proto/lines.h"

enum {
    MIME_DEPTH_MAX = 4,
    MIME_TEXT_MAX = 256,
    MIME_BOUNDARY_MAX = 72, /* RFC 2046: 70 */
    MIME_FILES_MAX = 64,    /* of one mail; more are skipped */
    MIME_FIELD_MAX = 2048,  /* an unfolded field */
};

struct mime;

struct mime_about {
    const char *service; /* "smtp", "pop3", "imap": static */
    bool from_server;
    unsigned client; /* direction index */
};

/* NULL at the parsers' cap; all others take NULL then. */
struct mime *mime_begin(const struct protocol_call *call, const struct mime_about *about);
/* A line of the mail, without what the protocol adds (dots). */
void mime_line(struct mime *m, const struct protocol_call *call, const struct line_piece *line);
/* The same, where the mail is a number of bytes: cuts them into lines. */
void mime_bytes(struct mime *m, const struct protocol_call *call, struct slice bytes);
/* A hole. */
void mime_gap(struct mime *m, const struct protocol_call *call, uint64_t bytes);
/* The mail is over: ends the file that is open. `whole`: the protocol said that this was the end. */
void mime_finish(struct mime *m, const struct protocol_call *call, bool whole);
void mime_free(struct mime *m, const struct protocol_call *call);

/* The fields of the head and the number of files, into the record of a protocol: from, to, subject,
 * message_id, user_agent, files. */
struct record;
void mime_put(const struct mime *m, struct record *r);
