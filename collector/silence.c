/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/silence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/own.h"
#include "common/hours.h"
#include "common/log.h"
#include "common/vtime.h"

enum { NAMES_SHOWN = 3, NAMES_SIZE = 200 };

void
silence_tick(struct silence_watch *w, int64_t wall_ns, int64_t mono_ns)
{
    int64_t wall = wall_ns - w->wall_ns, mono = mono_ns - w->mono_ns;
    bool calm = w->since_ns != 0 && mono >= 0 && mono <= SILENCE_EVERY_NS + SILENCE_JUMP_NS &&
                wall - mono <= SILENCE_JUMP_NS && mono - wall <= SILENCE_JUMP_NS;

    if (!calm)
        w->since_ns = wall_ns;
    w->wall_ns = wall_ns;
    w->mono_ns = mono_ns;
}

/* How much of [from, now] the shop was open; false where its hours cannot be read. */
static bool
open_ns(const struct silence_look *look, int64_t from_ns, int64_t now_ns, int64_t *out)
{
    struct shop_hours hours = {.known = false};
    const char *key, *why;
    json_t *tree = NULL;
    bool known = look->zone != NULL && look->hours[0] != '\0' &&
                 vg_json_parse(slice_of(look->hours, strlen(look->hours)), 4096, &tree) == VG_OK &&
                 json_is_object(tree) && shop_hours_parse(tree, &hours, &key, &why) == VG_OK &&
                 hours.known;

    json_decref(tree);
    if (known)
        *out = shop_hours_open_ns(&hours, look->zone, from_ns, now_ns);
    return known;
}

bool
silence_too_long(const struct silence_look *look, int64_t since_ns, int64_t now_ns)
{
    /* What was heard in the future was heard by a clock of ours that jumped. */
    bool lately = look->last_seen_ns > since_ns && look->last_seen_ns <= now_ns;
    int64_t from = lately ? look->last_seen_ns : since_ns, open = 0;
    int64_t all = now_ns - from;

    if ((look->open_ns == 0 || all < look->open_ns) &&
        (look->other_ns == 0 || all < look->other_ns))
        return false; /* cheap, and so are most */
    if (open_ns(look, from, now_ns, &open))
        return look->open_ns > 0 && open >= look->open_ns;
    return look->other_ns > 0 && all >= look->other_ns;
}

/* What is set for the shop of `row`, where it is another one than before. */
static enum vg_err
limits_of(struct storage *s, const json_t *row, char site[UUID_TEXT_SIZE],
          struct silence_look *look)
{
    json_t *all = NULL;
    const json_t *silence;
    int64_t version;
    enum vg_err err;

    if (strcmp(site, vg_json_str(row, "site", "")) == 0)
        return VG_OK;
    (void)vg_strcpy(site, UUID_TEXT_SIZE, vg_json_str(row, "site", ""));
    err = s->ops->settings_of(s, vg_json_str(row, "tenant", ""), site, &all, &version);
    if (err != VG_OK)
        return err;
    silence = json_object_get(all, "silence");
    look->open_ns = vg_json_int(silence, "open_minutes", SILENCE_OPEN_NS / VG_MIN_NS) * VG_MIN_NS;
    look->other_ns =
        vg_json_int(silence, "other_hours", SILENCE_OTHER_NS / VG_HOUR_NS) * VG_HOUR_NS;
    json_decref(all);
    return VG_OK;
}

enum vg_err
silence_find(struct storage *s, int64_t since_ns, int64_t now_ns, json_t **out)
{
    json_t *rows = NULL, *found = json_array(), *row;
    struct silence_look look = {.zone = NULL};
    char site[UUID_TEXT_SIZE] = "";
    struct zone *zone = NULL;
    size_t i;
    enum vg_err err =
        s->ops->agents_quiet(s, now_ns - SILENCE_LEAST_NS, now_ns, SILENCE_LOOK_MAX, &rows);

    json_array_foreach(rows, i, row)
    {
        const char *name = vg_json_str(row, "zone", "");

        if (err == VG_OK)
            err = limits_of(s, row, site, &look);
        if (err != VG_OK)
            break;
        look.last_seen_ns = vg_json_int(row, "last_seen", 0);
        look.hours = vg_json_str(row, "hours", "");
        if (zone == NULL || strcmp(zone_name(zone), name) != 0) {
            zone_free(zone);
            if (zone_load(name, &zone) != VG_OK)
                zone = NULL;
        }
        look.zone = zone;
        if (silence_too_long(&look, since_ns, now_ns))
            (void)json_array_append(found, row);
    }
    zone_free(zone);
    json_decref(rows);
    if (err != VG_OK)
        json_decref(found);
    else
        *out = found;
    return err;
}

/* ---- what was found ---- */

static void
names_of(json_t *const *rows, size_t count, char out[NAMES_SIZE])
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        const char *host = vg_json_str(rows[i], "host", "");
        int put = snprintf(out + n, NAMES_SIZE - n, "%s%.48s", i > 0 ? ", " : "",
                           host[0] != '\0' ? host : "?");

        n += put > 0 && (size_t)put < NAMES_SIZE - n ? (size_t)put : 0;
    }
    if (count > NAMES_SHOWN)
        (void)snprintf(out + n, NAMES_SIZE - n, "…");
}

/* One incident for `count` agents of one site; none where an exception holds it back. */
static enum vg_err
raise(struct storage *s, json_t *const *rows, size_t count, int64_t now_ns)
{
    char incident[UUID_TEXT_SIZE] = "", names[NAMES_SIZE], last[VTIME_TEXT_MAX];
    struct own_event event = {.detector = "agent.silent", .severity = SEVERITY_MEDIUM};
    int64_t seen_ns = vg_json_int(rows[0], "last_seen", 0);
    struct storage_agent agent;
    enum vg_err err =
        s->ops->agent_find(s, &STORAGE_EVERYTHING, vg_json_str(rows[0], "id", ""), &agent);

    if (err != VG_OK)
        return err;
    names_of(rows, count, names);
    if (count > 1) {
        event.subject_id = agent.site;
        event.subject_label = vg_json_str(rows[0], "site_name", "");
    }
    event.facts = json_pack("{ss sI ss sI}", "host", names, "silent",
                            (json_int_t)(now_ns > seen_ns ? (now_ns - seen_ns) / VG_SEC_NS : 0),
                            "last_seen", vtime_format(seen_ns, last), "agents", (json_int_t)count);
    err = own_event_put(s, &agent, &event, now_ns, incident);
    for (size_t i = 0; err == VG_OK && i < count; i++) {
        err = s->ops->agent_silent(s, vg_json_str(rows[i], "id", ""), incident);
        (void)json_object_set_new(rows[i], "incident", json_string(incident));
    }
    if (err == VG_OK)
        log_event(LOG_LEVEL_WARN, "agent.silent", "site=%s agents=%zu", agent.site, count);
    return err;
}

/* Neither heard, nor revoked, nor told of since it was found. */
static bool
still(struct storage *s, const json_t *row)
{
    struct storage_agent a;

    return s->ops->agent_find(s, &STORAGE_EVERYTHING, vg_json_str(row, "id", ""), &a) == VG_OK &&
           !a.revoked && a.silent[0] == '\0' && a.last_seen_ns == vg_json_int(row, "last_seen", 0);
}

static enum vg_err
raise_site(struct storage *s, json_t *const *rows, size_t count, int64_t now_ns)
{
    enum vg_err err = VG_OK;

    if (count >= SILENCE_TOGETHER)
        return raise(s, rows, count, now_ns);
    for (size_t i = 0; err == VG_OK && i < count; i++)
        err = raise(s, &rows[i], 1, now_ns);
    return err;
}

enum vg_err
silence_raise(struct storage *s, json_t *found, int64_t now_ns)
{
    json_t **rows = calloc(json_array_size(found) + 1, sizeof *rows), *row;
    size_t count = 0, i;
    enum vg_err err = rows != NULL ? VG_OK : VG_ERR_NOMEM;

    json_array_foreach(found, i, row)
    {
        if (err == VG_OK && count > 0 &&
            strcmp(vg_json_str(row, "site", ""), vg_json_str(rows[0], "site", "")) != 0) {
            err = raise_site(s, rows, count, now_ns);
            count = 0;
        }
        if (err == VG_OK && still(s, row))
            rows[count++] = row;
    }
    if (err == VG_OK)
        err = raise_site(s, rows, count, now_ns);
    free(rows);
    return err;
}

enum vg_err
silence_heard(struct storage *s, const struct storage_agent *agent, int64_t now_ns)
{
    json_t *row = NULL;
    const char *note = "";
    bool last = false;
    enum vg_err err;

    if (agent->silent[0] == '\0')
        return VG_OK;
    err = s->ops->agent_heard(s, agent->id, agent->silent, &last);
    if (err != VG_OK || !last)
        return err;
    err = s->ops->incident_get(s, &STORAGE_EVERYTHING, agent->silent, &row);
    if (err == VG_ERR_NOENT)
        return VG_OK;
    if (err != VG_OK)
        return err;
    if (strncmp(vg_json_str(row, "state", ""), "resolved", 8) != 0) {
        note = strcmp(vg_json_str(json_object_get(row, "site"), "language", ""), "en") == 0
                   ? "It reports again."
                   : "Volvió a reportarse.";
        err = s->ops->incident_set(s, &STORAGE_EVERYTHING, agent->silent, "resolved_true", "Vigía",
                                   note, now_ns);
    }
    json_decref(row);
    return err;
}
