/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/smb.h"

struct smb_status
smb_status_of(uint32_t code)
{
    static const char HEX[] = "0123456789abcdef";
    struct smb_status st = {.known = true, .code = code};

    st.number[0] = '0';
    st.number[1] = 'x';
    for (unsigned i = 0; i < 8; i++) /* printf would be much of the work of a command */
        st.number[2 + i] = HEX[code >> (28 - 4 * i) & 15];
    return st;
}

struct record
smb_record(const struct smb *s, const char *command, const struct smb_status *status)
{
    struct record r = {.type = "smb"};

    record_number(&r, "version", s->dialect >= 0x300 ? 3 : s->dialect > 1 ? 2 : 1);
    record_text_put(&r, "command", str_of(command));
    if (status != NULL && status->known) {
        const char *name = smb_status_name(status->code);

        record_text_put(&r, "status", str_of(name != NULL ? name : status->number));
    }
    return r;
}

/* The user, unless it is there already; then it is told, unless too much was. */
void
smb_tell(struct smb *s, const struct protocol_call *call, struct record *r)
{
    struct record_view view = {.fields = r->fields, .count = r->count};

    if (s->records == SMB_RECORDS_MAX) {
        net_engine_counters(call->engine)->parser_refused++;
        return;
    }
    s->records++;
    if (s->user != NULL && record_find(&view, "user") == NULL)
        record_text_opt(r, "user", ntlm_str(&s->user->user));
    record_tell(r, call, s->client);
}

void
smb_tell_session(struct smb *s, const struct protocol_call *call, const struct smb_status *status,
                 bool guest)
{
    struct record r = smb_record(s, "session", status);
    const struct smb_user *u = s->user;
    struct login_view login = {.service = "smb", .user = str_of(NULL)};

    if (u != NULL) {
        record_text_put(&r, "user", ntlm_str(&u->user));
        record_text_opt(&r, "domain", ntlm_str(&u->domain));
        record_text_opt(&r, "workstation", ntlm_str(&u->workstation));
        record_text_opt(&r, "auth", str_of(u->auth));
    }
    if (guest)
        record_bool(&r, "guest", true);
    smb_tell(s, call, &r);
    if (u == NULL || strcmp(u->auth, "anonymous") == 0)
        return;
    login.user = ntlm_str(&u->user);
    login.domain = ntlm_str(&u->domain);
    login.cleartext = strcmp(u->auth, "plain") == 0;
    if (status != NULL && status->known)
        login.result = status->code == SMB_STATUS_OK ? LOGIN_SUCCEEDED : LOGIN_FAILED;
    if (guest && login.result == LOGIN_SUCCEEDED)
        login.result = LOGIN_FAILED; /* the name or password was wrong: let in as nobody */
    login_tell(&login, call, s->client);
}

void
smb_tell_tree(struct smb *s, const struct protocol_call *call, struct str share,
              const struct smb_status *status, const char *kind)
{
    struct record r = smb_record(s, "tree", status);
    struct str name = share;
    size_t start = name.len;

    record_text_opt(&r, "share", name);
    record_text_opt(&r, "kind", str_of(kind));
    while (start > 0 && name.at[start - 1] != '\\')
        start--;
    name = str_n(name.at + start, name.len - start);
    record_bool(&r, "admin",
                name.len > 1 && name.at[name.len - 1] == '$' &&
                    !str_eq_nocase(name, str_of("IPC$")));
    smb_tell(s, call, &r);
}

void
smb_tell_create(struct smb *s, const struct protocol_call *call, const struct smb_file *f,
                const struct smb_status *status, const char *action, bool directory)
{
    struct record r = smb_record(s, "create", status);

    if (f->path_len == 0) /* the share's root: every client opens it all the time */
        return;
    record_text_opt(&r, "share", smb_tree_share(s, f->tree));
    record_text_put(&r, "path", str_n(f->path, f->path_len));
    record_text_opt(&r, "action", str_of(action));
    if (directory)
        record_bool(&r, "directory", true);
    if (f->pipe)
        record_bool(&r, "pipe", true);
    smb_tell(s, call, &r);
}

void
smb_tell_path(struct smb *s, const struct protocol_call *call, const char *command, uint32_t tree,
              struct str path, struct str target, const struct smb_status *status)
{
    struct record r = smb_record(s, command, status);

    record_text_opt(&r, "share", smb_tree_share(s, tree));
    record_text_opt(&r, "path", path);
    record_text_opt(&r, "target", target);
    smb_tell(s, call, &r);
}

void
smb_tell_code(struct smb *s, const struct protocol_call *call, const char *command, uint32_t code,
              const struct smb_status *status)
{
    struct record r = smb_record(s, command, status);

    record_number(&r, "code", code);
    smb_tell(s, call, &r);
}

void
smb_tell_unanswered(struct smb *s, const struct protocol_call *call, const struct smb_pending *p)
{
    const struct smb_file *f = smb_file_at(s, p->file);
    struct str text = str_n(p->text, p->text_len);
    struct str path = f != NULL ? str_n(f->path, f->path_len) : str_of(NULL);

    switch (p->action) {
    case SMB_ACT_NONE:
        break;
    case SMB_ACT_SESSION:
        smb_tell_session(s, call, NULL, false);
        break;
    case SMB_ACT_TREE:
        smb_tell_tree(s, call, text, NULL, "");
        break;
    case SMB_ACT_CREATE:
        if (f != NULL)
            smb_tell_create(s, call, f, NULL, "", false);
        break;
    case SMB_ACT_RENAME:
    case SMB_ACT_DELETE:
        smb_tell_path(s, call, p->action == SMB_ACT_RENAME ? "rename" : "delete", p->tree, path,
                      text, NULL);
        break;
    case SMB_ACT_TRANS:
        smb_tell_code(s, call, "trans", p->length, NULL);
        break;
    case SMB_ACT_TRANS2:
    case SMB_ACT_NT_TRANS:
        smb_tell_code(s, call, p->action == SMB_ACT_TRANS2 ? "trans2" : "nt_trans", p->length,
                      NULL);
        break;
    }
}
