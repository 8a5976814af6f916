/* SPDX-License-Identifier: Apache-2.0 */
/* transfer: a file on its way through a protocol (HTTP body, SMB read or write, FTP data, mail
 * attachment): its bytes go to detectors as OBS_BODY, at its end one record of type "file" tells
 *   service, name, mime, host, from_server, bytes, missing (holes), whole, magic, sha256
 * where magic names the kind by its first bytes ("exe", "elf", "zip", "pdf", "ole", "script", ...)
 * and sha256 is there for kinds that can carry code or hide them, as far as all bytes were seen. */
#pragma once

#include "agent/net/protocol.h"

struct transfer;

struct transfer_about {
    const char *service; /* "http", "smb", "ftp", "smtp", "pop3", "imap": static */
    struct str name;     /* URI or file name; "" where unknown */
    struct str mime, host;
    bool from_server; /* the bytes come from the server */
    unsigned client;  /* direction index of the initiator */
};

/* Texts are copied, cut at 1,024 bytes. NULL at the parsers' cap; all others take NULL then. */
struct transfer *transfer_begin(const struct protocol_call *call,
                                const struct transfer_about *about);
void transfer_bytes(struct transfer *t, const struct protocol_call *call, struct slice bytes);
void transfer_gap(struct transfer *t, const struct protocol_call *call, uint64_t bytes);
/* Tells and frees. `whole`: the protocol said that this was the end. */
void transfer_end(struct transfer *t, const struct protocol_call *call, bool whole);
