/* SPDX-License-Identifier: Apache-2.0 */
/* record: what a protocol tells when it has no view of its own: fields by name, collected and told
 * at once. All names and texts are borrowed until record_tell() returns.
 *
 *     struct record r = {.type = "ssh"};
 *     record_text_put(&r, "client", ssh->banner[client]);
 *     record_number(&r, "version", 2);
 *     record_tell(&r, call, client);
 */
#pragma once

#include "agent/net/protocol.h"

enum { RECORD_FIELDS_MAX = 24 };

struct record {
    const char *type;
    struct record_field fields[RECORD_FIELDS_MAX];
    size_t count;
};

/* `name` and the type are static. Each: one field more, asserted against RECORD_FIELDS_MAX. */
void record_text_put(struct record *r, const char *name, struct str text);
/* Leaves the field out where the text is empty. */
void record_text_opt(struct record *r, const char *name, struct str text);
void record_number(struct record *r, const char *name, int64_t number);
void record_bool(struct record *r, const char *name, bool yes);
void record_list(struct record *r, const char *name, const struct str *list, size_t count);

/* Hands it on as OBS_RECORD, at call->time_ns; `client`: direction index of the initiator. */
void record_tell(const struct record *r, const struct protocol_call *call, unsigned client);

/* Hands on a try to log in as OBS_LOGIN; login->flow is filled here. */
void login_tell(struct login_view *login, const struct protocol_call *call, unsigned client);
