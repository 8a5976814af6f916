/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/clone.h"

#include <string.h>

#include "collector/own.h"
#include "common/log.h"

static enum vg_err
raise(struct storage *s, const struct storage_agent *agent, const struct storage_face *now,
      const struct storage_face *before, int64_t returns, int64_t now_ns,
      char incident[UUID_TEXT_SIZE])
{
    const struct own_event event = {
        .detector = "agent.cloned",
        .severity = SEVERITY_HIGH,
        .facts = json_pack("{ss ss ss ss ss sI}", "host", before->host, "address", before->address,
                           "other", now->host, "other_address", now->address, "kind", now->kind,
                           "returns", (json_int_t)returns),
    };
    enum vg_err err = own_event_put(s, agent, &event, now_ns, incident);

    if (err == VG_OK)
        err = s->ops->agent_cloned(s, agent->id, now_ns);
    if (err == VG_OK)
        log_event(LOG_LEVEL_WARN, "agent.cloned", "agent=%s %s=%s address=%s", agent->id, now->kind,
                  log_quote(now->value), now->address);
    return err;
}

static void
face(struct storage_face *f, const char *kind, const char *value, const struct clone_heard *heard)
{
    memset(f, 0, sizeof *f);
    (void)vg_strcpy(f->kind, sizeof f->kind, kind);
    (void)vg_strcpy(f->value, sizeof f->value, value);
    (void)vg_strcpy(f->host, sizeof f->host, heard->host != NULL ? heard->host : "");
    (void)vg_strcpy(f->address, sizeof f->address, heard->address != NULL ? heard->address : "");
}

static enum vg_err
look_at(struct storage *s, const struct storage_agent *agent, const char *kind, const char *was,
        const char *is, const struct clone_heard *heard, int64_t now_ns,
        char incident[UUID_TEXT_SIZE])
{
    struct storage_face now, before;
    int64_t returns = 0, told_ns = 0;
    bool known = false, took_turns = false;
    enum vg_err err;

    if (is == NULL || is[0] == '\0')
        return VG_OK;
    face(&now, kind, is, heard);
    err = s->ops->face_put(s, agent->id, &now, now_ns, &known);
    if (err != VG_OK || was[0] == '\0' || strcmp(was, is) == 0 || !known)
        return err;
    err = s->ops->agent_returned(s, agent->id, now_ns, CLONE_SPAN_NS, &returns, &told_ns);
    if (err == VG_OK)
        err = s->ops->face_came_back(s, agent->id, kind, was, &took_turns);
    if (err != VG_OK || !took_turns || returns < CLONE_RETURNS || now_ns - told_ns < CLONE_TELL_NS)
        return err;
    err = s->ops->face_get(s, agent->id, kind, was, &before);
    if (err == VG_ERR_NOENT) /* forgotten: many have come */
        face(&before, kind, was, &(struct clone_heard){.host = agent->host});
    else if (err != VG_OK)
        return err;
    return raise(s, agent, &now, &before, returns, now_ns, incident);
}

enum vg_err
clone_look(struct storage *s, const struct storage_agent *agent, const struct clone_heard *heard,
           int64_t now_ns, char incident[UUID_TEXT_SIZE])
{
    enum vg_err err;

    incident[0] = '\0';
    err = look_at(s, agent, "machine", agent->machine, heard->machine, heard, now_ns, incident);
    if (err == VG_OK)
        err = look_at(s, agent, "store", agent->store, heard->store, heard, now_ns, incident);
    return err;
}
