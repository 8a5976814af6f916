/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/exceptions.h"

#include <stdlib.h>
#include <string.h>

#include "agent/keeper/feedback.h"
#include "common/log.h"
#include "common/uuid.h"
#include "common/vtime.h"

#define VALUE_NAME "exceptions"

enum { VALUE_BYTES_MAX = 1024 * 1024, NAME_BYTES_MAX = 63, KIND_BYTES_MAX = 15 };

struct exceptions {
    struct store *store;
    char agent[UUID_TEXT_SIZE]; /* to whom it was told; "": not known yet */
    int64_t version;
    json_t *items;    /* {"id", "detector", "subject", "peer", "until"} */
    json_t *verdicts; /* as exceptions_deliver() gives them */
    bool changed;
    size_t active; /* of the set that was given last */
    uint64_t refused;
};

/* ---- what the collector says ---- */

/* Text of a bounded length, or NULL. No control characters: six bytes each in JSON, they would make of the
 * whole set more than a frame holds. */
static const char *
text_of(const json_t *object, const char *key, size_t max)
{
    const char *text = vg_json_str(object, key, NULL);

    for (const char *p = text; p != NULL && *p != '\0'; p++)
        if ((unsigned char)*p < 0x20)
            return NULL;
    return text != NULL && text[0] != '\0' && strlen(text) <= max ? text : NULL;
}

/* {"kind", "id"} or null into a new object; false where it is neither. */
static bool
party_of(const json_t *one, const char *key, bool with_kind, json_t **out)
{
    const json_t *party = json_object_get(one, key);
    const char *id, *kind;

    *out = NULL;
    if (party == NULL || json_is_null(party))
        return true;
    id = text_of(party, "id", PARTY_ID_MAX - 1);
    kind = text_of(party, "kind", KIND_BYTES_MAX);
    if (id == NULL || (with_kind && kind == NULL))
        return false;
    *out = json_pack("{ss ss}", "kind", kind != NULL ? kind : "", "id", id);
    return *out != NULL;
}

/* detector, subject and peer of both kinds of things told: new reference, NULL: refused. */
static json_t *
about_of(const json_t *one)
{
    const char *detector = text_of(one, "detector", NAME_BYTES_MAX);
    json_t *subject = NULL, *peer = NULL, *out = NULL;

    if (detector != NULL && party_of(one, "subject", true, &subject) &&
        party_of(one, "peer", false, &peer))
        out = json_pack("{ss so so}", "detector", detector, "subject",
                        subject != NULL ? json_incref(subject) : json_null(), "peer",
                        peer != NULL ? json_incref(peer) : json_null());
    json_decref(subject);
    json_decref(peer);
    return out;
}

static void
forget(struct exceptions *e, const char *id)
{
    json_t *one;
    size_t i;

    json_array_foreach(e->items, i, one)
    {
        if (strcmp(vg_json_str(one, "id", ""), id) == 0) {
            (void)json_array_remove(e->items, i);
            e->changed = true;
            return;
        }
    }
}

static int64_t
time_of(const json_t *one, const char *key)
{
    const char *text = vg_json_str(one, key, "");
    int64_t t_ns;

    return vtime_parse(text, strlen(text), &t_ns) == VG_OK ? t_ns : 0;
}

/* Those that are over go when their places are needed. */
static bool
has_room(struct exceptions *e, int64_t now_ns)
{
    for (size_t i = json_array_size(e->items);
         i-- > 0 && json_array_size(e->items) >= EXCEPTIONS_MAX;)
        if (time_of(json_array_get(e->items, i), "until") <= now_ns)
            (void)json_array_remove(e->items, i);
    return json_array_size(e->items) < EXCEPTIONS_MAX;
}

/* False: refused. */
static bool
take_exception(struct exceptions *e, const json_t *one, const char *kind, int64_t now_ns)
{
    const char *id = text_of(one, "id", UUID_TEXT_SIZE);
    int64_t until_ns = time_of(one, "until");
    char until[VTIME_TEXT_MAX];
    json_t *item;

    if (id == NULL || !uuid_valid(id))
        return false;
    forget(e, id);
    if (strcmp(kind, "ended") == 0 || until_ns <= now_ns)
        return true;
    if (until_ns > now_ns + EXCEPTIONS_UNTIL_MAX_NS)
        until_ns = now_ns + EXCEPTIONS_UNTIL_MAX_NS;
    if (!has_room(e, now_ns) || (item = about_of(one)) == NULL)
        return false;
    (void)json_object_set_new(item, "id", json_string(id));
    (void)json_object_set_new(item, "until", json_string(vtime_format(until_ns, until)));
    e->changed = true;
    return json_array_append_new(e->items, item) == 0;
}

static bool
take_verdict(struct exceptions *e, const json_t *one, const char *kind)
{
    const char *sensor = text_of(one, "sensor", KIND_BYTES_MAX);
    const char *incident = text_of(one, "id", UUID_TEXT_SIZE);
    json_t *verdict = sensor != NULL && feedback_verdict_known(kind) ? about_of(one) : NULL;

    if (verdict == NULL)
        return false;
    (void)json_object_set_new(verdict, "sensor", json_string(sensor));
    (void)json_object_set_new(verdict, "verdict", json_string(kind));
    (void)json_object_set_new(verdict, "incident", json_string(incident != NULL ? incident : ""));
    if (json_array_size(e->verdicts) >= EXCEPTIONS_VERDICTS_MAX)
        (void)json_array_remove(e->verdicts, 0);
    return json_array_append_new(e->verdicts, verdict) == 0;
}

/* ---- the store ---- */

static enum vg_err
save(struct exceptions *e)
{
    json_t *all = json_pack("{ss sI sO sO}", "agent", e->agent, "version", (json_int_t)e->version,
                            "items", e->items, "verdicts", e->verdicts);
    struct buf text;
    enum vg_err err = VG_ERR_NOMEM;

    buf_init(&text, VALUE_BYTES_MAX);
    if (all != NULL)
        vg_json_write(all, &text);
    json_decref(all);
    if (!text.bad && text.len > 0)
        err = store_set_value(e->store, VALUE_NAME, buf_slice(&text));
    buf_done(&text);
    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "exceptions.not_saved", "error=%s", vg_err_name(err));
    return err;
}

static enum vg_err
load(struct exceptions *e)
{
    struct buf text;
    json_t *all = NULL, *items, *verdicts;
    enum vg_err err;

    buf_init(&text, VALUE_BYTES_MAX);
    err = store_value(e->store, VALUE_NAME, &text);
    if (err == VG_OK && vg_json_parse(buf_slice(&text), VALUE_BYTES_MAX, &all) == VG_OK) {
        items = json_object_get(all, "items");
        verdicts = json_object_get(all, "verdicts");
        if (json_is_array(items) && json_is_array(verdicts)) {
            (void)json_array_extend(e->items, items);
            (void)json_array_extend(e->verdicts, verdicts);
            e->version = vg_json_int(all, "version", 0);
            (void)vg_strcpy(e->agent, sizeof e->agent, vg_json_str(all, "agent", ""));
        }
    }
    json_decref(all);
    buf_done(&text);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
exceptions_open(struct store *store, struct exceptions **out)
{
    struct exceptions *e = calloc(1, sizeof *e);
    enum vg_err err = VG_ERR_NOMEM;

    if (e == NULL)
        return VG_ERR_NOMEM;
    e->store = store;
    e->changed = true;
    e->items = json_array();
    e->verdicts = json_array();
    if (e->items != NULL && e->verdicts != NULL)
        err = load(e);
    if (err != VG_OK) {
        exceptions_free(e);
        return err;
    }
    *out = e;
    return VG_OK;
}

void
exceptions_free(struct exceptions *e)
{
    if (e == NULL)
        return;
    json_decref(e->items);
    json_decref(e->verdicts);
    free(e);
}

/* ---- in and out ---- */

void
exceptions_agent(struct exceptions *e, const char *agent)
{
    bool other = e->agent[0] != '\0' && strcmp(e->agent, agent) != 0;

    (void)vg_strcpy(e->agent, sizeof e->agent, agent);
    if (!other)
        return;
    (void)json_array_clear(e->items);
    (void)json_array_clear(e->verdicts);
    e->version = 0;
    e->changed = true;
    (void)!save(e); /* else the next start does so */
}

int64_t
exceptions_version(const struct exceptions *e)
{
    return e->version;
}

static void
swap(json_t **a, json_t **b)
{
    json_t *kept = *a;

    *a = *b;
    *b = kept;
}

bool
exceptions_take(struct exceptions *e, const json_t *answer, int64_t now_ns)
{
    const json_t *list = json_object_get(answer, "feedback"), *one;
    json_t *items = json_copy(e->items), *verdicts = json_copy(e->verdicts);
    int64_t before = e->version;
    uint64_t refused = e->refused;
    size_t i;

    json_array_foreach(list, i, one)
    {
        const char *kind = vg_json_str(one, "kind", "");
        int64_t version = vg_json_int(one, "version", 0);
        bool taken;

        if (i == EXCEPTIONS_TOLD_MAX)
            break;
        if (version <= e->version) /* told twice, or out of order */
            continue;
        taken = json_object_get(one, "until") != NULL ? take_exception(e, one, kind, now_ns)
                                                      : take_verdict(e, one, kind);
        e->refused += !taken;
        e->version = version;
    }
    if (e->refused > refused)
        log_event(LOG_LEVEL_WARN, "exceptions.refused", "count=%llu",
                  (unsigned long long)(e->refused - refused));
    /* What cannot be kept is told again: a verdict that was taken all the same would count each time. */
    if (e->version != before && save(e) != VG_OK && items != NULL && verdicts != NULL) {
        swap(&e->items, &items);
        swap(&e->verdicts, &verdicts);
        e->version = before;
    }
    json_decref(items);
    json_decref(verdicts);
    return e->version != before;
}

json_t *
exceptions_changed(struct exceptions *e, int64_t now_ns)
{
    json_t *set = json_array(), *one;
    size_t i, active;

    json_array_foreach(e->items, i, one)
    {
        if (time_of(one, "until") > now_ns)
            (void)json_array_append_new(set, json_deep_copy(one));
    }
    active = json_array_size(set);
    if (!e->changed && active == e->active) {
        json_decref(set);
        return NULL;
    }
    e->changed = false;
    e->active = active;
    return json_pack("{so}", "exceptions", set);
}

void
exceptions_deliver(struct exceptions *e, size_t max, exceptions_verdict_fn *fn, void *ctx)
{
    size_t given = 0, i = 0;

    while (given < max && i < json_array_size(e->verdicts)) {
        if (fn(ctx, json_array_get(e->verdicts, i))) {
            (void)json_array_remove(e->verdicts, i);
            given++;
        } else {
            i++;
        }
    }
    if (given > 0)
        (void)!save(e); /* else some are given twice, after a crash */
}

json_t *
exceptions_status(const struct exceptions *e)
{
    json_t *whole = json_array(), *one;
    size_t i;

    json_array_foreach(e->items, i, one)
    {
        if (json_is_null(json_object_get(one, "subject")) &&
            json_is_null(json_object_get(one, "peer")) &&
            json_array_size(whole) < EXCEPTIONS_WHOLE_MAX)
            (void)json_array_append_new(whole, json_pack("{ss ss}", "detector",
                                                         vg_json_str(one, "detector", ""), "until",
                                                         vg_json_str(one, "until", "")));
    }
    return json_pack("{sI sI sI so}", "exceptions", (json_int_t)e->active, "waiting",
                     (json_int_t)json_array_size(e->verdicts), "refused", (json_int_t)e->refused,
                     "whole", whole);
}
