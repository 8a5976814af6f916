/* SPDX-License-Identifier: Apache-2.0 */
/* Files, pipes and controls of SMB 2 and 3 (MS-SMB2, section 2.2; MS-FSCC, 2.4). */
#include "agent/net/proto/smb2_private.h"

enum { FILE_RENAME = 10, FILE_DISPOSITION = 13, FILE_DISPOSITION_EX = 64, FILE_RENAME_EX = 65 };
enum { INFO_FILE = 1, OPTION_DIRECTORY = 1, OPTION_DELETE_ON_CLOSE = 0x1000 };
#define FSCTL_PIPE_TRANSCEIVE UINT32_C(0x0011c017)

/* ---- files ---- */

static void
create_request(struct smb2_op *op)
{
    struct smb_pending *p = smb2_ask(op);
    char path[SMB_PATH_MAX];
    uint32_t options;
    uint16_t offset, len;

    slice_skip(&op->in, 38);
    options = slice_le32(&op->in);
    offset = slice_le16(&op->in);
    len = slice_le16(&op->in);
    if (p == NULL || op->in.bad)
        return;
    p->file =
        smb_file_new(op->s, op->call, op->h.tree, smb2_wide(smb2_part(op, offset, len), path));
    p->detail = (uint8_t)((options & OPTION_DIRECTORY) | ((options & OPTION_DELETE_ON_CLOSE) >> 8));
    p->action = SMB_ACT_CREATE;
    op->s->way[op->call->dir].related = p->file;
}

static void
create_response(struct smb2_op *op)
{
    static const char *const actions[] = {"superseded", "opened", "created", "overwritten"};
    struct smb_pending *p = smb2_answered(op);
    struct smb_file *f = p != NULL ? smb_file_at(op->s, p->file) : NULL;
    uint64_t size, id[2];
    uint32_t action;
    bool good = op->h.status == SMB_STATUS_OK;

    if (f == NULL) {
        if (p != NULL)
            smb_answered(op->s, op->call, p);
        return;
    }
    slice_skip(&op->in, 2);
    action = slice_le32(&op->in);
    slice_skip(&op->in, 40);
    size = slice_le64(&op->in);
    slice_skip(&op->in, 8);
    id[0] = slice_le64(&op->in);
    id[1] = slice_le64(&op->in);
    good = good && !op->in.bad;
    smb_tell_create(op->s, op->call, f, &op->status,
                    good && action < VG_ARRAY_LEN(actions) ? actions[action] : "",
                    (p->detail & OPTION_DIRECTORY) != 0);
    if (good && (p->detail & (OPTION_DELETE_ON_CLOSE >> 8)) != 0)
        smb_tell_path(op->s, op->call, "delete", f->tree, str_n(f->path, f->path_len), str_of(NULL),
                      &op->status);
    if (good) {
        f->size = size;
        memcpy(f->id, id, sizeof(id));
    } else {
        smb_file_close(op->s, op->call, p->file, false);
    }
    smb_answered(op->s, op->call, p);
}

void
smb2_on_create(struct smb2_op *op, bool response)
{
    if (response)
        create_response(op);
    else
        create_request(op);
}

void
smb2_on_close(struct smb2_op *op, bool response)
{
    struct smb_pending *p;

    if (!response) {
        p = smb2_ask(op);
        slice_skip(&op->in, 6);
        if (p != NULL)
            p->file = smb2_read_file(op);
        return;
    }
    p = smb2_answered(op);
    if (p == NULL)
        return;
    smb_file_close(op->s, op->call, p->file, true);
    smb_answered(op->s, op->call, p);
}

void
smb2_on_read(struct smb2_op *op, bool response)
{
    struct smb_pending *p;
    uint8_t offset;

    if (!response) {
        struct smb_pending wish = {0};

        slice_skip(&op->in, 2);
        wish.length = slice_le32(&op->in);
        wish.offset = slice_le64(&op->in);
        wish.file = smb2_read_file(op);
        p = op->in.bad ? NULL : smb2_ask(op);
        if (p != NULL) {
            p->length = wish.length;
            p->offset = wish.offset;
            p->file = wish.file;
        }
        return;
    }
    p = smb2_answered(op);
    if (p == NULL)
        return;
    offset = slice_u8(&op->in);
    slice_skip(&op->in, 1);
    if (op->h.status == SMB_STATUS_OK || op->h.status == SMB_STATUS_BUFFER_OVERFLOW)
        *op->body = (struct smb_body){
            .offset = offset, .length = slice_le32(&op->in), .file = p->file, .at = p->offset};
    smb_answered(op->s, op->call, p);
}

void
smb2_on_write(struct smb2_op *op, bool response)
{
    struct smb_body body = {.write = true};

    if (response)
        return;
    body.offset = slice_le16(&op->in);
    body.length = slice_le32(&op->in);
    body.at = slice_le64(&op->in);
    body.file = smb2_read_file(op);
    if (!op->in.bad)
        *op->body = body;
}

/* Controls that every client sends, and that say nothing about what is done. */
static bool
is_ordinary(uint32_t code)
{
    return code == FSCTL_PIPE_TRANSCEIVE || code == 0x00110018 /* pipe wait */ ||
           code == 0x00060194 || code == 0x000601b0 /* DFS referrals */ ||
           code == 0x00140204 /* validate negotiate */ || code == 0x001401fc /* interfaces */ ||
           code == 0x00140078 /* resume key */ || code == 0x0011400c /* pipe peek */;
}

void
smb2_on_ioctl(struct smb2_op *op, bool response)
{
    struct smb_pending *p = response ? smb2_answered(op) : smb2_ask(op);
    struct smb_body body = {.write = !response};
    uint32_t code, offset[2], len[2];

    slice_skip(&op->in, 2);
    code = slice_le32(&op->in);
    body.file = response ? SMB_NONE : smb2_read_file(op);
    if (response)
        slice_skip(&op->in, 16);
    offset[0] = slice_le32(&op->in);
    len[0] = slice_le32(&op->in);
    if (!response)
        slice_skip(&op->in, 4);
    offset[1] = slice_le32(&op->in);
    len[1] = slice_le32(&op->in);
    if (p == NULL)
        return;
    if (!response) {
        p->file = body.file;
        p->length = code;
    } else {
        body.file = p->file;
    }
    if (!op->in.bad && p->length == FSCTL_PIPE_TRANSCEIVE) {
        struct smb_file *f = smb_file_at(op->s, body.file);

        if (f != NULL)
            f->pipe = true;
        body.offset = offset[response];
        body.length = len[response];
        *op->body = body;
    }
    if (response) {
        if (!is_ordinary(p->length))
            smb_tell_code(op->s, op->call, "ioctl", p->length, &op->status);
        smb_answered(op->s, op->call, p);
    }
}

static void
set_info_request(struct smb2_op *op)
{
    struct smb_pending *p = smb2_ask(op);
    char path[SMB_PATH_MAX];
    uint32_t len;
    uint16_t offset;
    uint8_t type, class;
    struct slice buffer;

    type = slice_u8(&op->in);
    class = slice_u8(&op->in);
    len = slice_le32(&op->in);
    offset = slice_le16(&op->in);
    slice_skip(&op->in, 6);
    if (p == NULL)
        return;
    p->file = smb2_read_file(op);
    buffer = smb2_part(op, offset, len);
    if (op->in.bad || type != INFO_FILE)
        return;
    if (class == FILE_RENAME || class == FILE_RENAME_EX) {
        slice_skip(&buffer, 16);
        len = slice_le32(&buffer);
        p->action = SMB_ACT_RENAME;
        smb_keep_text(op->call, p,
                      smb2_wide(slice_sub(&buffer, len < buffer.left ? len : buffer.left), path));
    } else if (class == FILE_DISPOSITION || class == FILE_DISPOSITION_EX) {
        p->action = (slice_u8(&buffer) & 1) != 0 ? SMB_ACT_DELETE : SMB_ACT_NONE;
    }
}

void
smb2_on_set_info(struct smb2_op *op, bool response)
{
    struct smb_pending *p;
    const struct smb_file *f;
    struct str path;

    if (!response) {
        set_info_request(op);
        return;
    }
    p = smb2_answered(op);
    if (p == NULL)
        return;
    f = smb_file_at(op->s, p->file);
    path = f != NULL ? str_n(f->path, f->path_len) : str_of(NULL);
    if (p->action != SMB_ACT_NONE)
        smb_tell_path(op->s, op->call, p->action == SMB_ACT_RENAME ? "rename" : "delete", p->tree,
                      path, str_n(p->text, p->text_len), &op->status);
    smb_answered(op->s, op->call, p);
}
