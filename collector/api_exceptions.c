/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions: what is known and no incident, in one shop or all of a customer's, until a day. */
#include <string.h>

#include "collector/api_int.h"
#include "common/vtime.h"

enum { WHY_MAX = 500 };
#define UNTIL_MAX_NS (366 * VG_DAY_NS)

/* A detector or a family: "net.scan". */
static bool
detector_of(const json_t *body, char out[64])
{
    const char *text = vg_json_str(body, "detector", "");

    return event_detector_valid(text) && vg_strcpy(out, 64, text);
}

/* {"kind", "id", "label"} or null; texts that are too long are refused, not cut: they are compared. */
static bool
party_of(const json_t *body, const char *key, char *kind, char id[PARTY_ID_MAX],
         char label[PARTY_LABEL_MAX])
{
    const json_t *party = json_object_get(body, key);
    const char *text = vg_json_str(party, "id", "");

    if (party == NULL || json_is_null(party))
        return true;
    return text[0] != '\0' && vg_strcpy(id, PARTY_ID_MAX, text) &&
           vg_strcpy(label, PARTY_LABEL_MAX, vg_json_str(party, "label", text)) &&
           (kind == NULL || vg_strcpy(kind, 16, vg_json_str(party, "kind", "")));
}

static bool
until_of(const struct api_job *j, int64_t *out)
{
    const char *text = vg_json_str(j->body, "until", "");

    return vtime_parse(text, strlen(text), out) == VG_OK && *out > j->now_ns &&
           *out <= j->now_ns + UNTIL_MAX_NS;
}

static bool
id_of(const json_t *body, const char *key, char out[UUID_TEXT_SIZE])
{
    const char *text = vg_json_str(body, key, "");

    return text[0] == '\0' || (uuid_valid(text) && vg_strcpy(out, UUID_TEXT_SIZE, text));
}

static bool
exception_of(const struct api_job *j, struct storage_exception *x)
{
    const json_t *b = j->body;

    *x = (struct storage_exception){.kind = vg_json_str(b, "kind", "mine"),
                                    .why = vg_json_str(b, "why", ""),
                                    .who = j->session.user.name};
    return (strcmp(x->kind, "mine") == 0 || strcmp(x->kind, "noise") == 0) &&
           strlen(x->why) <= WHY_MAX && detector_of(b, x->detector) && id_of(b, "site", x->site) &&
           id_of(b, "tenant", x->tenant) && (x->site[0] != '\0' || x->tenant[0] != '\0') &&
           id_of(b, "incident", x->incident) &&
           party_of(b, "subject", x->subject_kind, x->subject_id, x->subject_label) &&
           party_of(b, "peer", NULL, x->peer_id, x->peer_label) && until_of(j, &x->until_ns);
}

/* The incident that it was made of is no open one any more. */
static enum vg_err
settle(struct api_job *j, struct storage *s, const struct storage_exception *x)
{
    const struct storage_change change = {
        .who = x->who,
        .who_id = j->session.user.id,
        .state = strcmp(x->kind, "noise") == 0 ? "resolved_false" : "resolved_expected",
        .note = x->why[0] != '\0' ? x->why : NULL};
    char tenant[UUID_TEXT_SIZE];
    enum vg_err err = VG_OK;

    if (x->incident[0] != '\0')
        err = s->ops->triage(s, &j->session.scope, x->incident, &change, j->now_ns, tenant);
    if (err == VG_OK && x->incident[0] != '\0')
        api_touched(j, tenant, x->incident);
    /* Into another customer's exception it cannot go. */
    return err == VG_OK && x->incident[0] != '\0' && strcmp(tenant, x->tenant) != 0 ? VG_ERR_NOENT
                                                                                    : err;
}

static enum vg_err
show(struct api_job *j, struct storage *s, const char *id)
{
    json_decref(j->answer);
    j->answer = NULL;
    return s->ops->exceptions(s, &j->session.scope, id, false, j->now_ns, &j->answer);
}

enum vg_err
api_exception_add(struct api_job *j, struct storage *s)
{
    struct storage_exception x;
    enum vg_err err;

    if (!exception_of(j, &x))
        return VG_ERR_FORMAT;
    err = s->ops->exception_add(s, &j->session.scope, &x, j->now_ns);
    if (err == VG_ERR_LIMIT)
        return api_refuse(j, 409, "limit", "there are too many exceptions: end some");
    if (err == VG_OK)
        err = settle(j, s, &x);
    return err == VG_OK ? show(j, s, x.id) : err;
}

enum vg_err
api_exception_set(struct api_job *j, struct storage *s)
{
    const char *action = vg_json_str(j->body, "action", "");
    int64_t until_ns;
    enum vg_err err = VG_ERR_FORMAT;

    if (strcmp(action, "end") == 0)
        err = s->ops->exception_end(s, &j->session.scope, j->id, j->session.user.name, j->now_ns);
    else if (strcmp(action, "prolong") == 0 && until_of(j, &until_ns))
        err = s->ops->exception_until(s, &j->session.scope, j->id, j->session.user.name, until_ns,
                                      j->now_ns);
    return err == VG_OK ? show(j, s, j->id) : err;
}

bool
api_exceptions_prepare(struct api_job *j)
{
    (void)http_query(j->call, "state", j->q_state, sizeof j->q_state);
    return j->q_state[0] == '\0' || strcmp(j->q_state, "active") == 0 ||
           strcmp(j->q_state, "over") == 0;
}

enum vg_err
api_exceptions_read(struct api_job *j, struct storage *s)
{
    json_t *list = NULL;
    enum vg_err err = s->ops->exceptions(s, &j->session.scope, NULL,
                                         strcmp(j->q_state, "over") == 0, j->now_ns, &list);

    if (err == VG_OK)
        j->answer = json_pack("{so}", "items", list);
    return err;
}
