/* SPDX-License-Identifier: Apache-2.0 */
/* smb: what the files of the SMB parser share. smb.c: NetBIOS session messages (RFC 1002, 4.3) and
 * the way of bulk data; smb1.c (MS-CIFS, MS-SMB), smb2.c (MS-SMB2): commands; smb_state.c: what is
 * open, waits and is told.
 *
 * Record "smb", one for each action: version (1, 2, 3), command ("negotiate", "session", "tree",
 * "create", "rename", "delete", "read", "write", "ioctl", "trans", "trans2", "nt_trans", "encrypted",
 * "compressed"), status (name or number of the NT status; absent while unanswered), and
 * where they apply:
 *   negotiate: dialect, signing ("required", "enabled"), encryption
 *   session: user, domain, workstation, auth ("ntlm", "ntlmv1", "kerberos", "anonymous", "plain"), guest
 *   tree: share (path), kind ("disk", "pipe", "printer"), admin (C$, ADMIN$ and their like)
 *   create: share, path, action ("opened", "created", "overwritten", "superseded"), directory, pipe
 *   rename: share, path, target; delete: share, path
 *   read, write: share, path, bytes: one each when the file is closed
 *   ioctl: code; trans2, nt_trans: code; trans: code (a peek at the pipe with the handle 0 alone)
 *   compressed: original_size, offset, algorithm, odd (sizes that no sender means: CVE-2020-0796)
 *   user on all of these, once known. */
#pragma once

#include "agent/net/engine.h"
#include "agent/net/proto/dcerpc.h"
#include "agent/net/proto/ntlm.h"
#include "agent/net/proto/pull.h"
#include "agent/net/record.h"
#include "agent/net/transfer.h"

enum {
    SMB_HEAD_MAX = 4096, /* of one command; the rest is bulk data or passed over */
    SMB_FILES_MAX = 64,
    SMB_PENDING_MAX = 128,
    SMB_TREES_MAX = 16,
    SMB_RECORDS_MAX = 2000, /* of one flow */
    SMB_PATH_MAX = 512,     /* bytes of UTF-8; longer ones are cut */
    SMB_NONE = -1,
};

struct smb_file {
    bool used, pipe, deleted;
    uint8_t reading; /* transfer is what the server sends */
    uint32_t tree;
    uint64_t id[2];    /* SMB2: persistent, volatile; SMB1: the FID in [1] */
    uint64_t size;     /* when it was opened */
    uint64_t next;     /* offset that the transfer expects */
    uint64_t moved[2]; /* bytes read, written */
    struct transfer *transfer;
    struct dcerpc *rpc;
    char *path; /* owned; of path_len bytes */
    uint16_t path_len;
};

struct smb_tree {
    uint32_t id;
    uint16_t len;
    char *path; /* owned */
};

/* What is told of a request that is never answered. */
enum smb_act {
    SMB_ACT_NONE,
    SMB_ACT_SESSION,
    SMB_ACT_TREE,
    SMB_ACT_CREATE,
    SMB_ACT_RENAME,
    SMB_ACT_DELETE,
    SMB_ACT_TRANS,
    SMB_ACT_TRANS2,
    SMB_ACT_NT_TRANS,
};

/* A request that waits for its answer. */
struct smb_pending {
    bool used;
    uint8_t action; /* enum smb_act */
    uint8_t command;
    uint8_t detail; /* per command: disposition, information class, dialect index */
    int16_t file;   /* index, or SMB_NONE */
    uint32_t tree, length;
    uint64_t id, offset;
    char *text; /* owned; share or new name */
    uint16_t text_len;
};

struct smb_user {
    struct ntlm_text user, domain, workstation;
    const char *auth; /* static; "" */
};

/* Where the bytes behind a command's head go. */
struct smb_body {
    uint32_t offset; /* of the data, from the command's first byte */
    uint32_t length;
    int16_t file;
    bool write;
    uint64_t at; /* offset in the file */
};

struct smb_way {
    struct pull in;
    uint32_t frame; /* bytes left of the NetBIOS message */
    uint32_t unit;  /* of them, bytes left of this command */
    uint32_t skip;  /* of them, before the data */
    uint32_t data;  /* then so many bytes for `body` */
    struct smb_body body;
    bool lost;
    int16_t related; /* SMB2: file of the compound's last CREATE */
};

struct smb {
    unsigned client; /* direction index */
    bool knows_client, told_encrypted, told_compressed, plain_passwords;
    uint16_t dialect;             /* SMB2; 1: SMB1 */
    uint16_t records, nt_dialect; /* told; index of "NT LM 0.12" in the offer */
    struct smb_way way[2];
    struct smb_pending *pending;
    struct smb_file *files;
    struct smb_tree *trees;
    uint16_t pending_room, files_room, trees_room;
    struct smb_user *user;
    uint16_t turn; /* whose place is taken when all files are */
};

/* ---- smb1.c, smb2.c: one command ---- */
/* How many bytes of the command at `head` (at least SMB?_HEADER of them, or all that there are) must
 * be seen at once, of `len`. */
enum { SMB1_HEADER = 32, SMB2_HEADER = 64 };
size_t smb1_wanted(struct slice head, size_t len);
size_t smb2_wanted(struct slice head, size_t len);
/* The bytes of this command in its frame (SMB2 compounds several). VG_ERR_FORMAT. */
enum vg_err smb2_length(struct slice head, uint32_t frame, uint32_t *out) VG_MUST_CHECK;
/* `head`: what was wanted; `body` is SMB_NONE's when no data follows. */
void smb1_command(struct smb *s, const struct protocol_call *call, struct slice head,
                  struct smb_body *body);
void smb2_command(struct smb *s, const struct protocol_call *call, struct slice head,
                  struct smb_body *body);
void smb2_compressed(struct smb *s, const struct protocol_call *call, struct slice head,
                     uint32_t len);

/* ---- smb_state.c ---- */
void smb_free(struct smb *s, const struct protocol_call *call);

/* A request; what waits too long is told unanswered. NULL at the caps. */
struct smb_pending *smb_ask(struct smb *s, const struct protocol_call *call, uint64_t id,
                            uint8_t command);
struct smb_pending *smb_find_pending(struct smb *s, uint64_t id, uint8_t command);
void smb_answered(struct smb *s, const struct protocol_call *call, struct smb_pending *p);
void smb_keep_text(const struct protocol_call *call, struct smb_pending *p, struct str text);

/* A new file; the index, or SMB_NONE at the caps. */
int16_t smb_file_new(struct smb *s, const struct protocol_call *call, uint32_t tree,
                     struct str path);
int16_t smb_file_find(const struct smb *s, const uint64_t id[2]);
struct smb_file *smb_file_at(const struct smb *s, int16_t index);
/* Tells what was read and written, ends transfers and pipes, forgets. */
void smb_file_close(struct smb *s, const struct protocol_call *call, int16_t index, bool whole);
/* Data of a read or write, `at` an offset in the file; and data that was not seen. */
void smb_file_data(struct smb *s, const struct protocol_call *call, const struct smb_body *body,
                   struct slice bytes);
void smb_file_gap(struct smb *s, const struct protocol_call *call, const struct smb_body *body,
                  uint32_t bytes);

void smb_tree_set(struct smb *s, const struct protocol_call *call, uint32_t id, struct str path);
void smb_tree_drop(struct smb *s, const struct protocol_call *call, uint32_t id);
struct str smb_tree_share(const struct smb *s, uint32_t id);
bool smb_tree_is_ipc(const struct smb *s, uint32_t id);

/* Who is in the token of a session setup: SPNEGO, NTLMSSP or Kerberos. False: nothing yet. */
bool smb_user_read(struct smb *s, const struct protocol_call *call, struct slice token);
struct smb_user *smb_user(struct smb *s, const struct protocol_call *call);

/* ---- what is told ---- */
struct smb_status {
    bool known;
    uint32_t code;
    char number[12];
};
struct smb_status smb_status_of(uint32_t code);
/* The record's first fields. */
struct record smb_record(const struct smb *s, const char *command, const struct smb_status *status);
void smb_tell(struct smb *s, const struct protocol_call *call, struct record *r);
void smb_tell_session(struct smb *s, const struct protocol_call *call,
                      const struct smb_status *status, bool guest);
/* `kind`: "disk", "pipe", "printer" or "". */
void smb_tell_tree(struct smb *s, const struct protocol_call *call, struct str share,
                   const struct smb_status *status, const char *kind);
void smb_tell_create(struct smb *s, const struct protocol_call *call, const struct smb_file *f,
                     const struct smb_status *status, const char *action, bool directory);
void smb_tell_path(struct smb *s, const struct protocol_call *call, const char *command,
                   uint32_t tree, struct str path, struct str target,
                   const struct smb_status *status);
void smb_tell_unanswered(struct smb *s, const struct protocol_call *call,
                         const struct smb_pending *p);
/* A number of its own: "ioctl", "trans2". */
void smb_tell_code(struct smb *s, const struct protocol_call *call, const char *command,
                   uint32_t code, const struct smb_status *status);

/* "STATUS_LOGON_FAILURE"; NULL where we know none. MS-ERREF, 2.3. */
const char *smb_status_name(uint32_t status);
enum { SMB_STATUS_OK = 0, SMB_STATUS_PENDING = 0x103 };
#define SMB_STATUS_MORE_PROCESSING UINT32_C(0xc0000016)
#define SMB_STATUS_BUFFER_OVERFLOW UINT32_C(0x80000005)
