/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of SMB 2 and 3 (MS-SMB2, section 2.2). */
#include <stdio.h>

#include "agent/net/proto/smb2_private.h"

enum { FLAG_RESPONSE = 1, FLAG_ASYNC = 2, FLAG_RELATED = 4 };
enum { CAP_ENCRYPTION = 0x40, SIGNING_REQUIRED = 2, SESSION_GUEST = 1, SESSION_NULL = 2 };
enum { CONTEXT_ENCRYPTION = 2, DIALECT_311 = 0x311, DIALECT_ANY = 0x2ff };

static bool
read_header(struct slice *in, struct smb2_header *h)
{
    slice_skip(in, 8); /* signature, size, credit charge */
    h->status = slice_le32(in);
    h->command = slice_le16(in);
    slice_skip(in, 2);
    h->flags = slice_le32(in);
    slice_skip(in, 4);
    h->message = slice_le64(in);
    slice_skip(in, 4);
    h->tree = slice_le32(in);
    h->session = slice_le64(in);
    slice_skip(in, 16);
    return !in->bad;
}

enum vg_err
smb2_length(struct slice head, uint32_t frame, uint32_t *out)
{
    uint32_t next;

    slice_skip(&head, 4);
    if (slice_le16(&head) != SMB2_HEADER)
        return VG_ERR_FORMAT;
    slice_skip(&head, 14);
    next = slice_le32(&head);
    if (head.bad || (next != 0 && (next < SMB2_HEADER || next > frame)))
        return VG_ERR_FORMAT;
    *out = next != 0 ? next : frame;
    return VG_OK;
}

size_t
smb2_wanted(struct slice head, size_t len)
{
    /* of requests and responses, header and all */
    static const uint16_t most[COMMANDS][2] = {
        [NEGOTIATE] = {512, 1024},   [SESSION_SETUP] = {SMB_HEAD_MAX, SMB2_HEADER + 8},
        [TREE_CONNECT] = {1200, 80}, [CREATE] = {2048, SMB2_HEADER + 88},
        [CLOSE] = {88, 64},          [READ] = {112, 80},
        [WRITE] = {112, 64},         [IOCTL] = {120, 112},
        [SET_INFO] = {1400, 64},
    };
    struct smb2_header h;
    size_t want = SMB2_HEADER;

    if (!read_header(&head, &h))
        return len < want ? len : want;
    if (h.command < COMMANDS && most[h.command][(h.flags & FLAG_RESPONSE) != 0] > want)
        want = most[h.command][(h.flags & FLAG_RESPONSE) != 0];
    return len < want ? len : want;
}

struct slice
smb2_part(const struct smb2_op *op, uint32_t offset, uint32_t len)
{
    struct slice all = op->all;

    slice_skip(&all, offset);
    return slice_sub(&all, len < all.left ? len : all.left);
}

struct str
smb2_wide(struct slice in, char out[SMB_PATH_MAX])
{
    return str_n(out, utf16_read(in, out, SMB_PATH_MAX));
}

struct smb_pending *
smb2_ask(const struct smb2_op *op)
{
    struct smb_pending *p = smb_ask(op->s, op->call, op->h.message, (uint8_t)op->h.command);

    if (p != NULL)
        p->tree = op->h.tree;
    return p;
}

struct smb_pending *
smb2_answered(const struct smb2_op *op)
{
    return smb_find_pending(op->s, op->h.message, (uint8_t)op->h.command);
}

int16_t
smb2_read_file(struct smb2_op *op)
{
    uint64_t id[2];
    int16_t index;

    id[0] = slice_le64(&op->in);
    id[1] = slice_le64(&op->in);
    if (op->in.bad)
        return SMB_NONE;
    if (id[0] == UINT64_MAX && id[1] == UINT64_MAX)
        return op->s->way[op->call->dir].related;
    index = smb_file_find(op->s, id);
    if (index == SMB_NONE &&
        (op->h.command == READ || op->h.command == WRITE || op->h.command == IOCTL)) {
        struct smb_file *f;

        index = smb_file_new(op->s, op->call, op->h.tree, str_of(NULL));
        f = smb_file_at(op->s, index);
        if (f != NULL)
            memcpy(f->id, id, sizeof(id));
    }
    return index;
}

/* ---- negotiate, session, tree ---- */

static const char *
dialect_name(uint16_t dialect, char number[8])
{
    switch (dialect) {
    case 0x202:
        return "2.0.2";
    case 0x210:
        return "2.1";
    case 0x300:
        return "3.0";
    case 0x302:
        return "3.0.2";
    case DIALECT_311:
        return "3.1.1";
    case DIALECT_ANY:
        return "2.???";
    default:
        snprintf(number, 8, "0x%04x", dialect);
        return number;
    }
}

/* Whether the contexts of a 3.1.1 answer choose a cipher. */
static bool
has_encryption(const struct smb2_op *op, uint32_t offset, uint16_t contexts)
{
    struct slice in = op->all;

    slice_skip(&in, offset);
    for (unsigned i = 0; i < contexts && in.left > 0; i++) {
        uint16_t type = slice_le16(&in), len = slice_le16(&in);

        if (type == CONTEXT_ENCRYPTION && !in.bad)
            return true;
        slice_skip(&in, 4 + (size_t)((len + 7) & ~7));
    }
    return false;
}

static void
on_negotiate(struct smb2_op *op, bool response)
{
    struct record r;
    uint16_t signing, dialect, contexts;
    uint32_t capabilities, offset;
    char number[8];

    if (!response)
        return;
    signing = slice_le16(&op->in);
    dialect = slice_le16(&op->in);
    contexts = slice_le16(&op->in);
    slice_skip(&op->in, 16);
    capabilities = slice_le32(&op->in);
    slice_skip(&op->in, 12 + 16 + 4);
    offset = slice_le32(&op->in);
    if (op->in.bad || op->h.status != SMB_STATUS_OK)
        return;
    op->s->dialect = dialect;
    if (dialect == DIALECT_ANY) /* asked again in SMB2's own words */
        return;
    r = smb_record(op->s, "negotiate", &op->status);
    record_text_put(&r, "dialect", str_of(dialect_name(dialect, number)));
    record_text_put(&r, "signing",
                    str_of((signing & SIGNING_REQUIRED) != 0 ? "required" : "enabled"));
    record_bool(&r, "encryption",
                dialect == DIALECT_311 ? has_encryption(op, offset, contexts)
                                       : dialect >= 0x300 && (capabilities & CAP_ENCRYPTION) != 0);
    smb_tell(op->s, op->call, &r);
}

static void
on_session(struct smb2_op *op, bool response)
{
    struct smb_pending *p;

    if (!response) {
        uint16_t offset, len;

        p = smb2_ask(op);
        slice_skip(&op->in, 10);
        offset = slice_le16(&op->in);
        len = slice_le16(&op->in);
        if (!op->in.bad && smb_user_read(op->s, op->call, smb2_part(op, offset, len)) && p != NULL)
            p->action = SMB_ACT_SESSION; /* this one ends it */
        return;
    }
    p = smb2_answered(op);
    if (op->h.status != SMB_STATUS_MORE_PROCESSING) {
        uint16_t flags = slice_le16(&op->in);

        if ((flags & SESSION_NULL) != 0 && op->s->user != NULL)
            op->s->user->auth = "anonymous";
        if (p == NULL || p->action != SMB_ACT_NONE || op->h.status == SMB_STATUS_OK)
            smb_tell_session(op->s, op->call, &op->status,
                             !op->in.bad && (flags & SESSION_GUEST) != 0);
    }
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

static void
on_tree(struct smb2_op *op, bool response)
{
    static const char *const kinds[] = {"", "disk", "pipe", "printer"};
    struct smb_pending *p;
    char path[SMB_PATH_MAX];
    uint8_t kind;

    if (!response) {
        uint16_t offset, len;

        p = smb2_ask(op);
        slice_skip(&op->in, 2);
        offset = slice_le16(&op->in);
        len = slice_le16(&op->in);
        if (p != NULL && !op->in.bad)
            smb_keep_text(op->call, p, smb2_wide(smb2_part(op, offset, len), path));
        if (p != NULL)
            p->action = SMB_ACT_TREE;
        return;
    }
    p = smb2_answered(op);
    kind = slice_u8(&op->in);
    if (op->h.status == SMB_STATUS_OK && p != NULL && p->text_len > 0)
        smb_tree_set(op->s, op->call, op->h.tree, str_n(p->text, p->text_len));
    smb_tell_tree(op->s, op->call, p != NULL ? str_n(p->text, p->text_len) : str_of(NULL),
                  &op->status,
                  op->h.status == SMB_STATUS_OK && kind < VG_ARRAY_LEN(kinds) ? kinds[kind] : "");
    if (p != NULL)
        smb_answered(op->s, op->call, p);
}

static void
on_tree_disconnect(struct smb2_op *op, bool response)
{
    if (!response)
        smb_tree_drop(op->s, op->call, op->h.tree);
}

void
smb2_command(struct smb *s, const struct protocol_call *call, struct slice head,
             struct smb_body *body)
{
    static void (*const handlers[COMMANDS])(struct smb2_op *, bool) = {
        [NEGOTIATE] = on_negotiate, [SESSION_SETUP] = on_session,
        [TREE_CONNECT] = on_tree,   [TREE_DISCONNECT] = on_tree_disconnect,
        [CREATE] = smb2_on_create,  [CLOSE] = smb2_on_close,
        [READ] = smb2_on_read,      [WRITE] = smb2_on_write,
        [IOCTL] = smb2_on_ioctl,    [SET_INFO] = smb2_on_set_info,
    };
    struct smb2_op op = {.s = s, .call = call, .all = head, .in = head, .body = body};
    bool response;

    if (!read_header(&op.in, &op.h))
        return;
    response = (op.h.flags & FLAG_RESPONSE) != 0;
    if (s->dialect <= 1) /* not seen; that it is no SMB1 is certain */
        s->dialect = 0x202;
    s->client = response ? 1 - call->dir : call->dir;
    if (op.h.command >= COMMANDS || handlers[op.h.command] == NULL)
        return;
    if (response && op.h.status == SMB_STATUS_PENDING)
        return; /* the answer itself comes later */
    op.status = smb_status_of(op.h.status);
    slice_skip(&op.in, 2); /* the structure's size; an error's answer is short: handlers test */
    handlers[op.h.command](&op, response);
}

/* MS-SMB2, 2.2.42. The server adds size and offset: sums beyond 32 bits are CVE-2020-0796. */
void
smb2_compressed(struct smb *s, const struct protocol_call *call, struct slice head, uint32_t len)
{
    struct record r = smb_record(s, "compressed", NULL);
    uint32_t original, offset;
    uint16_t algorithm, flags;
    bool odd;

    slice_skip(&head, 4);
    original = slice_le32(&head);
    algorithm = slice_le16(&head);
    flags = slice_le16(&head);
    offset = slice_le32(&head);
    if (head.bad)
        return;
    /* chained (flag 1) headers have a length where the others have an offset */
    odd = original > 16 * 1024 * 1024 ||
          (flags == 0 && ((uint64_t)original + offset > UINT32_MAX || offset > len));
    record_number(&r, "original_size", original);
    record_number(&r, "offset", offset);
    record_number(&r, "algorithm", algorithm);
    record_bool(&r, "odd", odd);
    if (odd || !s->told_compressed)
        smb_tell(s, call, &r);
    s->told_compressed = true;
}
