/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of SMB 1 (MS-CIFS, section 2.2.4). */
#include <stdio.h>

#include "agent/net/proto/smb1_private.h"

enum { FLAG_RESPONSE = 0x80, FLAG2_NT_STATUS = 0x4000, FLAG2_UNICODE = 0x8000 };
enum {
    CHAIN_MAX = 4,
    BUFFER_DIALECT = 2,
};
enum { MODE_ENCRYPTED = 2, MODE_SIGN_REQUIRED = 8, ACTION_GUEST = 1, DIALECT_NONE = 0xffff };

size_t
smb1_wanted(struct slice head, size_t len)
{
    uint8_t command;
    size_t most = 2048;

    slice_skip(&head, 4);
    command = slice_u8(&head);
    if (command == READ_ANDX || command == WRITE_ANDX)
        most = 96;
    else if (command == TRANSACTION || command == TRANSACTION2 || command == NT_TRANSACT)
        most = 256;
    else if (command == SESSION_SETUP_ANDX)
        most = SMB_HEAD_MAX;
    return len < most ? len : most;
}

/* The header; parameters and data of the first command. */
static bool
read_header(struct smb1_op *op)
{
    struct slice in = op->all;
    uint32_t status, pid_high, pid;
    uint16_t flags2;

    slice_skip(&in, 4);
    op->command = slice_u8(&in);
    status = slice_le32(&in);
    op->response = (slice_u8(&in) & FLAG_RESPONSE) != 0;
    flags2 = slice_le16(&in);
    pid_high = slice_le16(&in);
    slice_skip(&in, 10);
    op->tree = slice_le16(&in);
    pid = slice_le16(&in);
    slice_skip(&in, 2); /* user */
    op->id = (uint64_t)1 << 63 | (uint64_t)pid_high << 32 | pid << 16 | slice_le16(&in);
    op->unicode = (flags2 & FLAG2_UNICODE) != 0;
    op->status = smb_status_of(status);
    op->code = status;
    if ((flags2 & FLAG2_NT_STATUS) == 0 && status != 0) /* class and number of DOS */
        op->status.code = status | UINT32_C(0x20000000);
    return !in.bad;
}

/* The words and bytes of a command at `offset` of the message. */
static bool
read_block(struct smb1_op *op, size_t offset)
{
    struct slice in = op->all;
    uint16_t bytes;

    slice_skip(&in, offset);
    op->word_count = slice_u8(&in);
    op->words = slice_sub(&in, (size_t)op->word_count * 2);
    bytes = slice_le16(&in);
    if (op->words.bad)
        return false;
    op->data = in.bad ? slice_of("", 0) : slice_sub(&in, bytes < in.left ? bytes : in.left);
    return true;
}

struct str
smb1_take_text(struct smb1_op *op, bool unicode, char out[SMB_PATH_MAX])
{
    struct slice text;

    if (unicode && ((uintptr_t)(op->data.at - op->all.at) & 1) != 0)
        slice_skip(&op->data, 1);
    text = utf16_until_zero(&op->data, unicode);
    return str_n(out,
                 unicode ? utf16_read(text, out, SMB_PATH_MAX) : oem_read(text, out, SMB_PATH_MAX));
}

static void
keep_name(struct ntlm_text *out, struct str text)
{
    out->len = (uint8_t)(text.len < NTLM_TEXT_MAX ? text.len : NTLM_TEXT_MAX);
    memcpy(out->at, text.at, out->len);
}

struct smb_pending *
smb1_ask(const struct smb1_op *op)
{
    struct smb_pending *p = smb_ask(op->s, op->call, op->id, op->command);

    if (p != NULL)
        p->tree = op->tree;
    return p;
}

struct smb_pending *
smb1_answered(const struct smb1_op *op)
{
    return smb_find_pending(op->s, op->id, op->command);
}

int16_t
smb1_file_of(struct smb1_op *op, uint16_t fid, bool may_be_new)
{
    const uint64_t id[2] = {op->tree, fid};
    int16_t index = smb_file_find(op->s, id);
    struct smb_file *f;

    if (index == SMB_NONE && may_be_new) {
        index = smb_file_new(op->s, op->call, op->tree, str_of(NULL));
        f = smb_file_at(op->s, index);
        if (f != NULL)
            memcpy(f->id, id, sizeof(id));
    }
    return index;
}

/* ---- negotiate ---- */

static void
negotiate_request(struct smb1_op *op)
{
    uint16_t index = 0;

    op->s->nt_dialect = DIALECT_NONE;
    while (op->data.left > 0 && slice_u8(&op->data) == BUFFER_DIALECT) {
        char name[SMB_PATH_MAX];
        struct str dialect = smb1_take_text(op, false, name);

        if (str_is(dialect, "NT LM 0.12"))
            op->s->nt_dialect = index;
        index++;
    }
    (void)smb1_ask(op);
}

static void
on_negotiate(struct smb1_op *op)
{
    struct record r;
    struct smb_pending *p;
    uint16_t index;
    uint8_t mode;
    bool nt;

    if (!op->response) {
        negotiate_request(op);
        return;
    }
    p = smb1_answered(op);
    index = slice_le16(&op->words);
    mode = slice_u8(&op->words);
    nt = op->word_count == 17;
    if (p != NULL)
        nt = nt && index == op->s->nt_dialect;
    op->s->plain_passwords = nt && !op->words.bad && (mode & MODE_ENCRYPTED) == 0;
    r = smb_record(op->s, "negotiate", &op->status);
    record_text_put(&r, "dialect",
                    str_of(index == DIALECT_NONE ? "none"
                           : nt                  ? "NT LM 0.12"
                                                 : "LANMAN"));
    if (nt) {
        record_text_put(&r, "signing",
                        str_of((mode & MODE_SIGN_REQUIRED) != 0 ? "required" : "enabled"));
        record_bool(&r, "encryption", false);
    }
    smb_tell(op->s, op->call, &r);
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

/* ---- session, tree ---- */

/* The three forms of the request: LANMAN, NT, and with a security blob. */
static void
session_request(struct smb1_op *op)
{
    struct smb_pending *p = smb1_ask(op);
    char account[SMB_PATH_MAX], domain[SMB_PATH_MAX];
    struct smb_user *u;
    uint16_t first, second = 0;

    slice_skip(&op->words, 14);
    first = slice_le16(&op->words);
    if (op->words.bad || p == NULL)
        return;
    if (op->word_count == 12) {
        struct slice blob = slice_sub(&op->data, first < op->data.left ? first : op->data.left);

        if (smb_user_read(op->s, op->call, blob))
            p->action = SMB_ACT_SESSION;
        return;
    }
    if (op->word_count == 13)
        second = slice_le16(&op->words);
    slice_skip(&op->data, (size_t)first + second); /* what proves the password */
    if (op->data.bad || (u = smb_user(op->s, op->call)) == NULL)
        return;
    p->action = SMB_ACT_SESSION;
    keep_name(&u->user, smb1_take_text(op, op->unicode, account));
    keep_name(&u->domain, smb1_take_text(op, op->unicode, domain));
    u->auth = u->user.len == 0 ? "anonymous" : op->s->plain_passwords ? "plain" : "ntlmv1";
}

static void
on_session(struct smb1_op *op)
{
    struct smb_pending *p;
    uint16_t action;

    if (!op->response) {
        session_request(op);
        return;
    }
    p = smb1_answered(op);
    slice_skip(&op->words, 4);
    action = slice_le16(&op->words);
    if (op->code != SMB_STATUS_MORE_PROCESSING &&
        (p == NULL || p->action != SMB_ACT_NONE || op->code == 0))
        smb_tell_session(op->s, op->call, &op->status,
                         !op->words.bad && (action & ACTION_GUEST) != 0);
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

static void
tree_request(struct smb1_op *op)
{
    struct smb_pending *p = smb1_ask(op);
    char path[SMB_PATH_MAX];
    uint16_t password;

    slice_skip(&op->words, 6);
    password = slice_le16(&op->words);
    slice_skip(&op->data, password);
    if (p != NULL && !op->words.bad && !op->data.bad)
        smb_keep_text(op->call, p, smb1_take_text(op, op->unicode, path));
    if (p != NULL)
        p->action = SMB_ACT_TREE;
}

static void
on_tree(struct smb1_op *op)
{
    struct smb_pending *p;
    char service[SMB_PATH_MAX];
    struct str share, kind;

    if (!op->response) {
        tree_request(op);
        return;
    }
    p = smb1_answered(op);
    share = p != NULL ? str_n(p->text, p->text_len) : str_of(NULL);
    kind = smb1_take_text(op, false, service);
    if (op->code == 0 && share.len > 0)
        smb_tree_set(op->s, op->call, op->tree, share);
    smb_tell_tree(op->s, op->call, share, &op->status,
                  op->code != 0           ? ""
                  : str_is(kind, "A:")    ? "disk"
                  : str_is(kind, "IPC")   ? "pipe"
                  : str_is(kind, "LPT1:") ? "printer"
                                          : "");
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

static void
on_tree_disconnect(struct smb1_op *op)
{
    if (!op->response)
        smb_tree_drop(op->s, op->call, op->tree);
}

/* ---- all ---- */

static void
run(struct smb1_op *op)
{
    switch (op->command) {
    case NEGOTIATE:
        on_negotiate(op);
        break;
    case SESSION_SETUP_ANDX:
        on_session(op);
        break;
    case TREE_CONNECT_ANDX:
        on_tree(op);
        break;
    case TREE_DISCONNECT:
        on_tree_disconnect(op);
        break;
    case NT_CREATE_ANDX:
    case OPEN_ANDX:
        smb1_on_open(op);
        break;
    case CLOSE:
        smb1_on_close(op);
        break;
    case READ_ANDX:
        smb1_on_read(op);
        break;
    case WRITE_ANDX:
        smb1_on_write(op);
        break;
    case DELETE:
    case RENAME:
        smb1_on_names(op);
        break;
    case TRANSACTION:
        smb1_on_transaction(op);
        break;
    case TRANSACTION2:
    case NT_TRANSACT:
        smb1_on_numbered(op);
        break;
    default:
        break;
    }
}

static bool
has_andx(uint8_t command)
{
    return command == SESSION_SETUP_ANDX || command == TREE_CONNECT_ANDX ||
           command == NT_CREATE_ANDX || command == OPEN_ANDX || command == READ_ANDX ||
           command == WRITE_ANDX;
}

void
smb1_command(struct smb *s, const struct protocol_call *call, struct slice head,
             struct smb_body *body)
{
    struct smb1_op op = {.s = s, .call = call, .all = head, .body = body};
    size_t offset = SMB1_HEADER;

    if (!read_header(&op))
        return;
    s->client = op.response ? 1 - call->dir : call->dir;
    if (s->dialect == 0)
        s->dialect = 1;
    for (unsigned i = 0; i < CHAIN_MAX && op.command != NO_ANDX; i++) {
        struct slice andx;
        uint8_t next = NO_ANDX;
        size_t at;

        if (!read_block(&op, offset))
            return;
        andx = op.words;
        if (has_andx(op.command) && op.word_count >= 2) {
            next = slice_u8(&andx);
            slice_skip(&andx, 1);
        }
        at = slice_le16(&andx);
        run(&op);
        if (at <= offset) /* chains lead forward only */
            return;
        op.command = next;
        offset = at;
    }
}
