/* SPDX-License-Identifier: Apache-2.0 */
/* Files, pipes and transactions of SMB 1 (MS-CIFS, section 2.2.4). */
#include "agent/net/proto/smb1_private.h"

enum { OPTION_DIRECTORY = 1, OPTION_DELETE_ON_CLOSE = 0x1000, DETAIL_DELETE = 2 };
enum { BUFFER_ASCII = 4, TRANSACT_NMPIPE = 0x26, TRANSACT_PEEK = 0x23 };

/* ---- files ---- */

static void
open_request(struct smb1_op *op)
{
    struct smb_pending *p = smb1_ask(op);
    char path[SMB_PATH_MAX];
    uint32_t options = 0;

    if (op->command == NT_CREATE_ANDX) {
        slice_skip(&op->words, 39);
        options = slice_le32(&op->words);
    }
    if (p == NULL || op->words.bad)
        return;
    p->file = smb_file_new(op->s, op->call, op->tree, smb1_take_text(op, op->unicode, path));
    p->action = SMB_ACT_CREATE;
    p->detail = (uint8_t)((options & OPTION_DIRECTORY) |
                          ((options & OPTION_DELETE_ON_CLOSE) != 0 ? DETAIL_DELETE : 0));
}

void
smb1_on_open(struct smb1_op *op)
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
    p = smb1_answered(op);
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

void
smb1_on_close(struct smb1_op *op)
{
    struct smb_pending *p;

    if (!op->response) {
        p = smb1_ask(op);
        if (p != NULL)
            p->file = smb1_file_of(op, slice_le16(&op->words), false);
        return;
    }
    p = smb1_answered(op);
    if (p == NULL)
        return;
    smb_file_close(op->s, op->call, p->file, true);
    smb_answered(op->s, op->call, p);
}

void
smb1_on_read(struct smb1_op *op)
{
    struct smb_pending *p;
    struct smb_body body = {0};

    if (!op->response) {
        p = smb1_ask(op);
        slice_skip(&op->words, 4);
        if (p == NULL)
            return;
        p->file = smb1_file_of(op, slice_le16(&op->words), true);
        p->offset = slice_le32(&op->words);
        if (op->word_count == 12) {
            slice_skip(&op->words, 10);
            p->offset |= (uint64_t)slice_le32(&op->words) << 32;
        }
        return;
    }
    p = smb1_answered(op);
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

void
smb1_on_write(struct smb1_op *op)
{
    struct smb_body body = {.write = true};

    if (op->response)
        return;
    slice_skip(&op->words, 4);
    body.file = smb1_file_of(op, slice_le16(&op->words), true);
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
void
smb1_on_names(struct smb1_op *op)
{
    struct smb_pending *p;
    char path[SMB_PATH_MAX], target[SMB_PATH_MAX];
    struct str to = str_of(NULL);

    if (!op->response) {
        p = smb1_ask(op);
        if (p == NULL || slice_u8(&op->data) != BUFFER_ASCII)
            return;
        p->file = smb_file_new(op->s, op->call, op->tree, smb1_take_text(op, op->unicode, path));
        if (op->command == RENAME && slice_u8(&op->data) == BUFFER_ASCII)
            to = smb1_take_text(op, op->unicode, target);
        smb_keep_text(op->call, p, to);
        p->action = op->command == RENAME ? SMB_ACT_RENAME : SMB_ACT_DELETE;
        return;
    }
    p = smb1_answered(op);
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
void
smb1_on_transaction(struct smb1_op *op)
{
    struct smb_pending *p = op->response ? smb1_answered(op) : smb1_ask(op);
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
            p->file = body.file = smb1_file_of(op, fid, true);
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
void
smb1_on_numbered(struct smb1_op *op)
{
    struct smb_pending *p;
    bool nt = op->command == NT_TRANSACT;

    if (!op->response) {
        p = smb1_ask(op);
        slice_skip(&op->words, nt ? 36 : 28);
        if (p == NULL)
            return;
        p->length = slice_le16(&op->words);
        /* finding, and asking about files: every client does it for each name it shows */
        if (!op->words.bad && (nt || p->length == 0 || p->length == 4 || p->length > 8))
            p->action = nt ? SMB_ACT_NT_TRANS : SMB_ACT_TRANS2;
        return;
    }
    p = smb1_answered(op);
    if (p == NULL)
        return;
    if (p->action != SMB_ACT_NONE)
        smb_tell_code(op->s, op->call, nt ? "nt_trans" : "trans2", p->length, &op->status);
    smb_answered(op->s, op->call, p);
}
