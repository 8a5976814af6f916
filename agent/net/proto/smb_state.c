/* SPDX-License-Identifier: Apache-2.0 */
/* What an SMB connection has open, what waits for an answer, who is logged in. Tables begin empty and
 * grow to their caps; what does not fit is counted and not followed. */
#include "agent/detect/card_number.h"
#include "agent/net/proto/kerberos_message.h"
#include "agent/net/proto/smb.h"

enum { ROOM_FIRST = 4 };

/* One place more in a table of `item` bytes each; false at `most` or at the parsers' cap. */
static bool
grow(const struct protocol_call *call, void **table, uint16_t *room, size_t item, uint16_t most)
{
    uint16_t want = (uint16_t)(*room == 0 ? ROOM_FIRST : *room * 2);
    void *bigger;

    if (want > most) {
        net_engine_counters(call->engine)->parser_refused++;
        return false;
    }
    bigger = net_parser_alloc(call->engine, want * item);
    if (bigger == NULL)
        return false;
    if (*room > 0)
        memcpy(bigger, *table, *room * item);
    net_parser_free(call->engine, *table, *room * item);
    *table = bigger;
    *room = want;
    return true;
}

/* A copy with card numbers masked: names go into records and file names. */
static char *
keep(const struct protocol_call *call, struct str text, uint16_t *len)
{
    size_t n = text.len < SMB_PATH_MAX ? text.len : SMB_PATH_MAX;
    char *copy = n > 0 ? net_parser_alloc(call->engine, n) : NULL;

    *len = (uint16_t)(copy != NULL ? n : 0);
    if (copy != NULL) {
        memcpy(copy, text.at, n);
        card_mask(copy, n);
    }
    return copy;
}

/* ---- requests that wait ---- */

void
smb_answered(struct smb *s, const struct protocol_call *call, struct smb_pending *p)
{
    (void)s;
    net_parser_free(call->engine, p->text, p->text_len);
    *p = (struct smb_pending){0};
}

struct smb_pending *
smb_ask(struct smb *s, const struct protocol_call *call, uint64_t id, uint8_t command)
{
    struct smb_pending *p = NULL;
    void *table = s->pending;

    for (unsigned i = 0; i < s->pending_room && p == NULL; i++)
        if (!s->pending[i].used || s->pending[i].id == id)
            p = &s->pending[i];
    if (p == NULL) {
        unsigned before = s->pending_room;

        if (before == SMB_PENDING_MAX) { /* answers do not come by: begin anew */
            for (unsigned i = 0; i < before; i++) {
                smb_tell_unanswered(s, call, &s->pending[i]);
                smb_answered(s, call, &s->pending[i]);
            }
            before = 0;
        } else if (!grow(call, &table, &s->pending_room, sizeof(*p), SMB_PENDING_MAX)) {
            return NULL;
        }
        s->pending = table;
        p = &s->pending[before];
    }
    smb_answered(s, call, p);
    p->used = true;
    p->id = id;
    p->command = command;
    p->file = SMB_NONE;
    return p;
}

struct smb_pending *
smb_find_pending(struct smb *s, uint64_t id, uint8_t command)
{
    for (unsigned i = 0; i < s->pending_room; i++)
        if (s->pending[i].used && s->pending[i].id == id && s->pending[i].command == command)
            return &s->pending[i];
    return NULL;
}

void
smb_keep_text(const struct protocol_call *call, struct smb_pending *p, struct str text)
{
    net_parser_free(call->engine, p->text, p->text_len);
    p->text = keep(call, text, &p->text_len);
}

/* ---- files ---- */

int16_t
smb_file_new(struct smb *s, const struct protocol_call *call, uint32_t tree, struct str path)
{
    void *table = s->files;
    unsigned i = 0;
    struct smb_file *f;

    while (i < s->files_room && s->files[i].used)
        i++;
    if (i == s->files_room && !grow(call, &table, &s->files_room, sizeof(*s->files), SMB_FILES_MAX))
        return SMB_NONE;
    s->files = table;
    f = &s->files[i];
    *f = (struct smb_file){.used = true, .tree = tree, .pipe = smb_tree_is_ipc(s, tree)};
    f->path = keep(call, path, &f->path_len);
    return (int16_t)i;
}

struct smb_file *
smb_file_at(const struct smb *s, int16_t index)
{
    return index >= 0 && index < s->files_room && s->files[index].used ? &s->files[index] : NULL;
}

int16_t
smb_file_find(const struct smb *s, const uint64_t id[2])
{
    for (unsigned i = 0; i < s->files_room; i++)
        if (s->files[i].used && s->files[i].id[0] == id[0] && s->files[i].id[1] == id[1])
            return (int16_t)i;
    return SMB_NONE;
}

static void
tell_moved(struct smb *s, const struct protocol_call *call, const struct smb_file *f, bool write)
{
    struct record r = smb_record(s, write ? "write" : "read", NULL);

    if (f->pipe || f->moved[write] == 0)
        return;
    record_text_opt(&r, "share", smb_tree_share(s, f->tree));
    record_text_opt(&r, "path", str_n(f->path, f->path_len));
    record_number(&r, "bytes", (int64_t)f->moved[write]);
    smb_tell(s, call, &r);
}

void
smb_file_close(struct smb *s, const struct protocol_call *call, int16_t index, bool whole)
{
    struct smb_file *f = smb_file_at(s, index);

    if (f == NULL)
        return;
    if (f->reading)
        whole = whole && f->next >= f->size;
    transfer_end(f->transfer, call, whole);
    tell_moved(s, call, f, false);
    tell_moved(s, call, f, true);
    dcerpc_free(f->rpc, call);
    net_parser_free(call->engine, f->path, f->path_len);
    *f = (struct smb_file){0};
    for (unsigned i = 0; i < s->pending_room; i++)
        if (s->pending[i].file == index)
            s->pending[i].file = SMB_NONE;
    for (unsigned d = 0; d < 2; d++) {
        if (s->way[d].body.file == index)
            s->way[d].body.file = SMB_NONE;
        if (s->way[d].related == index)
            s->way[d].related = SMB_NONE;
    }
}

static void
pipe_data(struct smb *s, const struct protocol_call *call, struct smb_file *f, struct slice bytes)
{
    if (f->rpc == NULL && dcerpc_looks(bytes) == PROBE_NO)
        return; /* a pipe may carry anything */
    if (f->rpc == NULL)
        f->rpc = dcerpc_new(call, str_n(f->path, f->path_len), s->client);
    if (f->rpc != NULL && dcerpc_bytes(f->rpc, call, bytes) != VG_OK) {
        dcerpc_free(f->rpc, call);
        f->rpc = NULL;
    }
}

static void
transfer_ready(struct smb *s, const struct protocol_call *call, struct smb_file *f, bool write)
{
    struct transfer_about about = {
        .service = "smb",
        .name = str_n(f->path, f->path_len),
        .mime = str_of(NULL),
        .host = smb_tree_share(s, f->tree),
        .from_server = !write,
        .client = s->client,
    };

    if (f->transfer != NULL && f->reading == !write)
        return;
    transfer_end(f->transfer, call, false);
    f->reading = !write;
    f->next = 0;
    f->transfer = transfer_begin(call, &about);
}

void
smb_file_data(struct smb *s, const struct protocol_call *call, const struct smb_body *body,
              struct slice bytes)
{
    struct smb_file *f = smb_file_at(s, body->file);
    uint64_t at = body->at;

    if (f == NULL || bytes.left == 0)
        return;
    if (f->pipe) {
        pipe_data(s, call, f, bytes);
        return;
    }
    f->moved[body->write] += bytes.left;
    transfer_ready(s, call, f, body->write);
    if (at < f->next) { /* seen already: sequential readers look back at times */
        uint64_t again = f->next - at;

        if (again >= bytes.left)
            return;
        slice_skip(&bytes, (size_t)again);
        at = f->next;
    } else if (at > f->next) {
        transfer_gap(f->transfer, call, at - f->next);
    }
    f->next = at + bytes.left;
    transfer_bytes(f->transfer, call, bytes);
}

void
smb_file_gap(struct smb *s, const struct protocol_call *call, const struct smb_body *body,
             uint32_t bytes)
{
    struct smb_file *f = smb_file_at(s, body->file);

    if (f == NULL || bytes == 0)
        return;
    if (f->pipe) {
        if (f->rpc != NULL)
            dcerpc_gap(f->rpc, call, bytes);
        return;
    }
    f->moved[body->write] += bytes; /* it crossed the network; transfers see the hole by offset */
}

/* ---- trees ---- */

static struct smb_tree *
tree_of(const struct smb *s, uint32_t id)
{
    for (unsigned i = 0; i < s->trees_room; i++)
        if (s->trees[i].path != NULL && s->trees[i].id == id)
            return &s->trees[i];
    return NULL;
}

void
smb_tree_drop(struct smb *s, const struct protocol_call *call, uint32_t id)
{
    struct smb_tree *t = tree_of(s, id);

    if (t == NULL)
        return;
    net_parser_free(call->engine, t->path, t->len);
    *t = (struct smb_tree){0};
}

void
smb_tree_set(struct smb *s, const struct protocol_call *call, uint32_t id, struct str path)
{
    void *table = s->trees;
    unsigned i = 0;

    smb_tree_drop(s, call, id);
    while (i < s->trees_room && s->trees[i].path != NULL)
        i++;
    if (i == s->trees_room && !grow(call, &table, &s->trees_room, sizeof(*s->trees), SMB_TREES_MAX))
        return;
    s->trees = table;
    s->trees[i].id = id;
    s->trees[i].path = keep(call, path, &s->trees[i].len);
}

struct str
smb_tree_share(const struct smb *s, uint32_t id)
{
    const struct smb_tree *t = tree_of(s, id);

    return t != NULL ? str_n(t->path, t->len) : str_of(NULL);
}

bool
smb_tree_is_ipc(const struct smb *s, uint32_t id)
{
    struct str share = smb_tree_share(s, id);

    return share.len >= 4 && str_eq_nocase(str_n(share.at + share.len - 4, 4), str_of("IPC$"));
}

/* ---- users ---- */

struct smb_user *
smb_user(struct smb *s, const struct protocol_call *call)
{
    if (s->user == NULL)
        s->user = net_parser_alloc(call->engine, sizeof(*s->user));
    if (s->user != NULL)
        *s->user = (struct smb_user){.auth = ""};
    return s->user;
}

/* The AP-REQ of Kerberos in a GSS-API token (RFC 4121, 4.1): OID, two bytes, the message. */
static bool
read_kerberos(struct slice token, struct kerberos_message *out)
{
    static const uint8_t start[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12,
                                    0x01, 0x02, 0x02, 0x01, 0x00};

    while (token.left > sizeof(start)) {
        const uint8_t *hit = memchr(token.at, start[0], token.left - sizeof(start));
        struct slice at;

        if (hit == NULL)
            return false;
        slice_skip(&token, (size_t)(hit - token.at));
        at = token;
        if (memcmp(at.at, start, sizeof(start)) == 0) {
            slice_skip(&at, sizeof(start));
            return kerberos_message_read(at, out) == VG_OK && out->type == KERBEROS_AP_REQ;
        }
        slice_skip(&token, 1);
    }
    return false;
}

bool
smb_user_read(struct smb *s, const struct protocol_call *call, struct slice token)
{
    struct kerberos_message kerberos;
    struct smb_user *u;
    struct ntlm ntlm;

    if (ntlm_read(token, &ntlm)) {
        if (ntlm.type != NTLM_AUTHENTICATE || (u = smb_user(s, call)) == NULL)
            return false;
        u->user = ntlm.user;
        u->domain = ntlm.domain;
        u->workstation = ntlm.workstation;
        u->auth = ntlm.anonymous ? "anonymous" : ntlm.version1 ? "ntlmv1" : "ntlm";
        return true;
    }
    if (!read_kerberos(token, &kerberos) || (u = smb_user(s, call)) == NULL)
        return false;
    u->auth = "kerberos";
    u->domain.len =
        (uint8_t)(kerberos.realm.len < NTLM_TEXT_MAX ? kerberos.realm.len : NTLM_TEXT_MAX);
    memcpy(u->domain.at, kerberos.realm.at, u->domain.len);
    return true;
}

void
smb_free(struct smb *s, const struct protocol_call *call)
{
    for (unsigned i = 0; i < s->pending_room; i++) {
        smb_tell_unanswered(s, call, &s->pending[i]);
        smb_answered(s, call, &s->pending[i]);
    }
    for (unsigned i = 0; i < s->files_room; i++)
        smb_file_close(s, call, (int16_t)i, false);
    for (unsigned i = 0; i < s->trees_room; i++)
        net_parser_free(call->engine, s->trees[i].path, s->trees[i].len);
    net_parser_free(call->engine, s->files, s->files_room * sizeof(*s->files));
    net_parser_free(call->engine, s->pending, s->pending_room * sizeof(*s->pending));
    net_parser_free(call->engine, s->trees, s->trees_room * sizeof(*s->trees));
    net_parser_free(call->engine, s->user, sizeof(*s->user));
    pull_free(&s->way[0].in, call->engine);
    pull_free(&s->way[1].in, call->engine);
    net_parser_free(call->engine, s, sizeof(*s));
}
