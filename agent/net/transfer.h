/* SPDX-License-Identifier: Apache-2.0 */
/* transfer: a file on its way through a protocol (HTTP body, SMB read or write, FTP data, mail
 * attachment): its bytes go to detectors as OBS_BODY, at its end one record of type "file" tells
 *   service, name, mime, host, from_server, bytes, missing (holes), whole, magic, sha256,
 *   offset (of a piece out of the middle), coding (a compression that was left as it is)
 * where magic names the kind by its first bytes ("exe", "elf", "zip", "pdf", "ole", "script", ...)
 * and sha256 is there for kinds that can carry code or hide them, as far as all bytes were seen.
 *
 * Bytes are looked at only as far as somebody wants to know: when nobody does (net_wants()) there
 * is no transfer at all. At most TRANSFERS_MAX go on at once; more are counted, not followed. */
#pragma once

#include "agent/net/protocol.h"

enum {
    TRANSFERS_MAX = 4096,
    TRANSFER_TEXT_MAX = 1024,
    TRANSFER_HASH_MAX = 256 * 1024 * 1024, /* longer files get no sha256 */
};

struct transfer;

struct transfer_about {
    const char *service; /* "http", "smb", "ftp", "smtp", "pop3", "imap": static */
    struct str name;     /* URI or file name; "" where unknown */
    struct str mime, host;
    struct str coding; /* the bytes stay in this content coding ("br"); usually "" */
    uint64_t offset;   /* of the first byte within the file */
    bool from_server;  /* the bytes come from the server */
    unsigned client;   /* direction index of the initiator */
};

/* What the engine keeps for all transfers together. */
struct transfers {
    uint32_t open;
    uint64_t begun; /* numbers them: body_view.stream */
};

/* Texts are copied, cut at TRANSFER_TEXT_MAX bytes. NULL at a cap and when nobody wants to know;
 * all others take NULL then. */
struct transfer *transfer_begin(const struct protocol_call *call,
                                const struct transfer_about *about);
void transfer_bytes(struct transfer *t, const struct protocol_call *call, struct slice bytes);
void transfer_gap(struct transfer *t, const struct protocol_call *call, uint64_t bytes);
/* Tells and frees. `whole`: the protocol said that this was the end. */
void transfer_end(struct transfer *t, const struct protocol_call *call, bool whole);
/* Nothing came, not even a hole. True for NULL. */
bool transfer_is_empty(const struct transfer *t);
/* Frees without a word; only for what is empty. */
void transfer_drop(struct transfer *t, const struct protocol_call *call);
