/* SPDX-License-Identifier: Apache-2.0 */
/* smb2_private: the inside of SMB 2's commands, for smb2.c (the frame, sessions, trees) and smb2_files.c
 * (files, pipes, controls) alone. */
#pragma once

#include "agent/net/proto/smb.h"
#include "agent/net/proto/utf16.h"

enum smb2_command {
    NEGOTIATE,
    SESSION_SETUP,
    LOGOFF,
    TREE_CONNECT,
    TREE_DISCONNECT,
    CREATE,
    CLOSE,
    FLUSH,
    READ,
    WRITE,
    LOCK,
    IOCTL,
    SET_INFO = 0x11,
    COMMANDS = 0x13,
};

struct smb2_header {
    uint16_t command;
    uint32_t status, flags, tree;
    uint64_t message, session;
};

struct smb2_op {
    struct smb *s;
    const struct protocol_call *call;
    struct smb2_header h;
    struct slice all, in; /* from the header's first byte; from behind the header */
    struct smb_status status;
    struct smb_body *body;
};

/* A part of the message, as far as it was gathered; `offset` counts from the header. */
struct slice smb2_part(const struct smb2_op *op, uint32_t offset, uint32_t len);
struct str smb2_wide(struct slice in, char out[SMB_PATH_MAX]);
/* What waits for its answer: begun, and found again. NULL: no room; none. */
struct smb_pending *smb2_ask(const struct smb2_op *op);
struct smb_pending *smb2_answered(const struct smb2_op *op);
/* The file of this id: an open one, the compound's, or (opened before we came) a new one. */
int16_t smb2_read_file(struct smb2_op *op);

void smb2_on_create(struct smb2_op *op, bool response);
void smb2_on_close(struct smb2_op *op, bool response);
void smb2_on_read(struct smb2_op *op, bool response);
void smb2_on_write(struct smb2_op *op, bool response);
void smb2_on_ioctl(struct smb2_op *op, bool response);
void smb2_on_set_info(struct smb2_op *op, bool response);
