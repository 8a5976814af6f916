/* SPDX-License-Identifier: Apache-2.0 */
/* smb1_private: the inside of SMB 1's commands, for smb1.c (the frame, sessions, trees) and smb1_files.c
 * (files, pipes, transactions) alone. */
#pragma once

#include "agent/net/proto/smb.h"
#include "agent/net/proto/utf16.h"

enum smb1_command {
    CLOSE = 0x04,
    DELETE = 0x06,
    RENAME = 0x07,
    TRANSACTION = 0x25,
    OPEN_ANDX = 0x2d,
    READ_ANDX = 0x2e,
    WRITE_ANDX = 0x2f,
    TRANSACTION2 = 0x32,
    TREE_DISCONNECT = 0x71,
    NEGOTIATE = 0x72,
    SESSION_SETUP_ANDX = 0x73,
    TREE_CONNECT_ANDX = 0x75,
    NT_TRANSACT = 0xa0,
    NT_CREATE_ANDX = 0xa2,
    NO_ANDX = 0xff,
};

struct smb1_op {
    struct smb *s;
    const struct protocol_call *call;
    uint8_t command;
    bool response, unicode;
    uint32_t tree, code;
    uint64_t id;
    struct smb_status status;
    struct slice all;   /* from the header's first byte, as far as it was gathered */
    struct slice words; /* parameters */
    uint8_t word_count;
    struct slice data; /* bytes behind them, as far as they were gathered */
    struct smb_body *body;
};

/* A text of the data block: UTF-16 is aligned to the header. */
struct str smb1_take_text(struct smb1_op *op, bool unicode, char out[SMB_PATH_MAX]);
/* What waits for its answer: begun, and found again. NULL: no room; none. */
struct smb_pending *smb1_ask(const struct smb1_op *op);
struct smb_pending *smb1_answered(const struct smb1_op *op);
/* The open file of this handle, or SMB_NONE; `may_be_new`: one that was opened before we came. */
int16_t smb1_file_of(struct smb1_op *op, uint16_t fid, bool may_be_new);

void smb1_on_open(struct smb1_op *op);
void smb1_on_close(struct smb1_op *op);
void smb1_on_read(struct smb1_op *op);
void smb1_on_write(struct smb1_op *op);
void smb1_on_names(struct smb1_op *op);
void smb1_on_transaction(struct smb1_op *op);
void smb1_on_numbered(struct smb1_op *op);
