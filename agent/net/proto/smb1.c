/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of SMB 1 (MS-CIFS, section 2.2.4). */
#include <stdio.h>

#include "agent/net/proto/smb.h"
#include "agent/net/proto/utf16.h"

enum command {
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
enum { FLAG_RESPONSE = 0x80, FLAG2_NT_STATUS = 0x4000, FLAG2_UNICODE = 0x8000 };
enum {
    CHAIN_MAX = 4,
    BUFFER_ASCII = 4,
    BUFFER_DIALECT = 2,
    TRANSACT_NMPIPE = 0x26,
    TRANSACT_PEEK = 0x23
};
enum { OPTION_DIRECTORY = 1, OPTION_DELETE_ON_CLOSE = 0x1000, DETAIL_DELETE = 2 };
enum { MODE_ENCRYPTED = 2, MODE_SIGN_REQUIRED = 8, ACTION_GUEST = 1, DIALECT_NONE = 0xffff };

struct op {
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
read_header(struct op *op)
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
read_block(struct op *op, size_t offset)
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

/* A text of the data block: UTF-16 is aligned to the header. */
static struct str
take_text(struct op *op, bool unicode, char out[SMB_PATH_MAX])
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

static struct smb_pending *
ask(const struct op *op)
{
    struct smb_pending *p = smb_ask(op->s, op->call, op->id, op->command);

    if (p != NULL)
        p->tree = op->tree;
    return p;
}

static struct smb_pending *
answered(const struct op *op)
{
    return smb_find_pending(op->s, op->id, op->command);
}

static int16_t
file_of(struct op *op, uint16_t fid, bool may_be_new)
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
negotiate_request(struct op *op)
{
    uint16_t index = 0;

    op->s->nt_dialect = DIALECT_NONE;
    while (op->data.left > 0 && slice_u8(&op->data) == BUFFER_DIALECT) {
        char name[SMB_PATH_MAX];
        struct str dialect = take_text(op, false, name);

        if (str_is(dialect, "NT LM 0.12"))
            op->s->nt_dialect = index;
        index++;
    }
    (void)ask(op);
}

static void
on_negotiate(struct op *op)
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
    p = answered(op);
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
session_request(struct op *op)
{
    struct smb_pending *p = ask(op);
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
    keep_name(&u->user, take_text(op, op->unicode, account));
    keep_name(&u->domain, take_text(op, op->unicode, domain));
    u->auth = u->user.len == 0 ? "anonymous" : op->s->plain_passwords ? "plain" : "ntlmv1";
}

static void
on_session(struct op *op)
{
    struct smb_pending *p;
    uint16_t action;

    if (!op->response) {
        session_request(op);
        return;
    }
    p = answered(op);
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
tree_request(struct op *op)
{
    struct smb_pending *p = ask(op);
    char path[SMB_PATH_MAX];
    uint16_t password;

    slice_skip(&op->words, 6);
    password = slice_le16(&op->words);
    slice_skip(&op->data, password);
    if (p != NULL && !op->words.bad && !op->data.bad)
        smb_keep_text(op->call, p, take_text(op, op->unicode, path));
    if (p != NULL)
        p->action = SMB_ACT_TREE;
}

static void
on_tree(struct op *op)
{
    struct smb_pending *p;
    char service[SMB_PATH_MAX];
    struct str share, kind;

    if (!op->response) {
        tree_request(op);
        return;
    }
    p = answered(op);
    share = p != NULL ? str_n(p->text, p->text_len) : str_of(NULL);
    kind = take_text(op, false, service);
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
on_tree_disconnect(struct op *op)
{
    if (!op->response)
        smb_tree_drop(op->s, op->call, op->tree);
}

/* ---- files ---- */

static void
open_request(struct op *op)
{
    struct smb_pending *p = ask(op);
    char path[SMB_PATH_MAX];
    uint32_t options = 0;

    if (op->command == NT_CREATE_ANDX) {
        slice_skip(&op->words, 39);
        options = slice_le32(&op->words);
    }
    if (p == NULL || op->words.bad)
        return;
    p->file = smb_file_new(op->s, op->call, op->tree, take_text(op, op->unicode, path));
    p->action = SMB_ACT_CREATE;
    p->detail = (uint8_t)((options & OPTION_DIRECTORY) |
                          ((options & OPTION_DELETE_ON_CLOSE) != 0 ? DETAIL_DELETE : 0));
}

static void
on_open(struct op *op)
{
    static const char *const actions[] = {"superseded", "opened", "created", "overwritten"};
    struct smb_pending *p;
    struct smb_file *f;
    uint32_t action = UINT32_MAX;
    uint16_t fid;
    uint64_t size = 0;

    if (!op->response) {
        open_request(op);
        return;
    }
    p = answered(op);
    f = p != NULL ? smb_file_at(op->s, p->file) : NULL;
    if (f == NULL)
        goto done;
    slice_skip(&op->words, 4);
    if (op->command == NT_CREATE_ANDX) {
        slice_skip(&op->words, 1);
        fid = slice_le16(&op->words);
        action = slice_le32(&op->words);
        slice_skip(&op->words, 44);
        size = slice_le64(&op->words);
    } else {
        fid = slice_le16(&op->words);
        slice_skip(&op->words, 6);
        size = slice_le32(&op->words);
    }
    smb_tell_create(
        op->s, op->call, f, &op->status,
        op->code == 0 && !op->words.bad && action < VG_ARRAY_LEN(actions) ? actions[action] : "",
        (p->detail & OPTION_DIRECTORY) != 0);
    if (op->code == 0 && !op->words.bad) {
        if ((p->detail & DETAIL_DELETE) != 0)
            smb_tell_path(op->s, op->call, "delete", f->tree, str_n(f->path, f->path_len),
                          str_of(NULL), &op->status);
        f->id[0] = op->tree;
        f->id[1] = fid;
        f->size = size;
    } else {
        smb_file_close(op->s, op->call, p->file, false);
    }
done:
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

static void
on_close(struct op *op)
{
    struct smb_pending *p;

    if (!op->response) {
        p = ask(op);
        if (p != NULL)
            p->file = file_of(op, slice_le16(&op->words), false);
        return;
    }
    p = answered(op);
    if (p == NULL)
        return;
    smb_file_close(op->s, op->call, p->file, true);
    smb_answered(op->s, op->call, p);
}

static void
on_read(struct op *op)
{
    struct smb_pending *p;
    struct smb_body body = {0};

    if (!op->response) {
        p = ask(op);
        slice_skip(&op->words, 4);
        if (p == NULL)
            return;
        p->file = file_of(op, slice_le16(&op->words), true);
        p->offset = slice_le32(&op->words);
        if (op->word_count == 12) {
            slice_skip(&op->words, 10);
            p->offset |= (uint64_t)slice_le32(&op->words) << 32;
        }
        return;
    }
    p = answered(op);
    if (p == NULL)
        return;
    slice_skip(&op->words, 10);
    body.length = slice_le16(&op->words);
    body.offset = slice_le16(&op->words);
    body.length |= (uint32_t)slice_le16(&op->words) << 16;
    body.file = p->file;
    body.at = p->offset;
    if (!op->words.bad)
        *op->body = body;
    smb_answered(op->s, op->call, p);
}

static void
on_write(struct op *op)
{
    struct smb_body body = {.write = true};

    if (op->response)
        return;
    slice_skip(&op->words, 4);
    body.file = file_of(op, slice_le16(&op->words), true);
    body.at = slice_le32(&op->words);
    slice_skip(&op->words, 8);
    body.length = (uint32_t)slice_le16(&op->words) << 16;
    body.length |= slice_le16(&op->words);
    body.offset = slice_le16(&op->words);
    if (op->words.bad)
        return;
    if (op->word_count == 14)
        body.at |= (uint64_t)slice_le32(&op->words) << 32;
    *op->body = body;
}

/* DELETE and RENAME: names behind a byte that says what they are. */
static void
on_names(struct op *op)
{
    struct smb_pending *p;
    char path[SMB_PATH_MAX], target[SMB_PATH_MAX];
    struct str to = str_of(NULL);

    if (!op->response) {
        p = ask(op);
        if (p == NULL || slice_u8(&op->data) != BUFFER_ASCII)
            return;
        p->file = smb_file_new(op->s, op->call, op->tree, take_text(op, op->unicode, path));
        if (op->command == RENAME && slice_u8(&op->data) == BUFFER_ASCII)
            to = take_text(op, op->unicode, target);
        smb_keep_text(op->call, p, to);
        p->action = op->command == RENAME ? SMB_ACT_RENAME : SMB_ACT_DELETE;
        return;
    }
    p = answered(op);
    if (p != NULL) {
        const struct smb_file *f = smb_file_at(op->s, p->file);

        smb_tell_path(op->s, op->call, op->command == RENAME ? "rename" : "delete", op->tree,
                      f != NULL ? str_n(f->path, f->path_len) : str_of(NULL),
                      str_n(p->text, p->text_len), &op->status);
        smb_file_close(op->s, op->call, p->file, true);
        smb_answered(op->s, op->call, p);
    }
}

/* ---- transactions ---- */

/* TRANSACTION on a named pipe carries what is written to it and read from it. */
static void
on_transaction(struct op *op)
{
    struct smb_pending *p = op->response ? answered(op) : ask(op);
    struct smb_body body = {.write = !op->response, .file = SMB_NONE};
    struct smb_file *f;
    uint8_t setups;
    uint16_t function, fid;

    if (p == NULL)
        return;
    slice_skip(&op->words, op->response ? 12 : 22);
    body.length = slice_le16(&op->words);
    body.offset = slice_le16(&op->words);
    if (op->response) {
        body.file = p->file;
        if (p->action == SMB_ACT_TRANS)
            smb_tell_code(op->s, op->call, "trans", p->length, &op->status);
        smb_answered(op->s, op->call, p);
    } else {
        setups = slice_u8(&op->words);
        slice_skip(&op->words, 1);
        function = slice_le16(&op->words);
        fid = slice_le16(&op->words);
        if (setups == 2 && function == TRANSACT_NMPIPE && !op->words.bad)
            p->file = body.file = file_of(op, fid, true);
        /* no server hands out the handle 0: who peeks at it asks how the server fails */
        if (setups == 2 && function == TRANSACT_PEEK && fid == 0 && !op->words.bad) {
            p->length = function;
            p->action = SMB_ACT_TRANS;
        }
    }
    f = smb_file_at(op->s, body.file);
    if (f == NULL || op->words.bad)
        return;
    f->pipe = true;
    *op->body = body;
}

/* The subcommand of a TRANSACTION2 stands in its setup words, of an NT_TRANSACT before them. */
static void
on_numbered(struct op *op)
{
    struct smb_pending *p;
    bool nt = op->command == NT_TRANSACT;

    if (!op->response) {
        p = ask(op);
        slice_skip(&op->words, nt ? 36 : 28);
        if (p == NULL)
            return;
        p->length = slice_le16(&op->words);
        /* finding, and asking about files: every client does it for each name it shows */
        if (!op->words.bad && (nt || p->length == 0 || p->length == 4 || p->length > 8))
            p->action = nt ? SMB_ACT_NT_TRANS : SMB_ACT_TRANS2;
        return;
    }
    p = answered(op);
    if (p == NULL)
        return;
    if (p->action != SMB_ACT_NONE)
        smb_tell_code(op->s, op->call, nt ? "nt_trans" : "trans2", p->length, &op->status);
    smb_answered(op->s, op->call, p);
}

/* ---- all ---- */

static void
run(struct op *op)
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
        on_open(op);
        break;
    case CLOSE:
        on_close(op);
        break;
    case READ_ANDX:
        on_read(op);
        break;
    case WRITE_ANDX:
        on_write(op);
        break;
    case DELETE:
    case RENAME:
        on_names(op);
        break;
    case TRANSACTION:
        on_transaction(op);
        break;
    case TRANSACTION2:
    case NT_TRANSACT:
        on_numbered(op);
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
    struct op op = {.s = s, .call = call, .all = head, .body = body};
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
