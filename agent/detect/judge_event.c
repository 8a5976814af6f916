/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/judge_event.h"

#include <string.h>

#include "common/vtime.h"

enum { ATTACK_MAX = 16 };

/* Text as a JSON string; where it is no UTF-8, every byte beyond ASCII becomes '?', so that odd bytes
 * in a name never cost an alert. */
static json_t *
text_json(const char *text)
{
    json_t *v = json_string(text);
    char plain[PARTY_LABEL_MAX];

    if (v != NULL)
        return v;
    (void)vg_strcpy(plain, sizeof plain, text);
    for (char *p = plain; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return json_string(plain);
}

json_t *
judge_party_json(const struct party *party)
{
    json_t *out;

    if (party == NULL || party->kind[0] == '\0')
        return NULL;
    out = json_object();
    (void)json_object_set_new(out, "kind", text_json(party->kind));
    (void)json_object_set_new(out, "id", text_json(party->id));
    (void)json_object_set_new(out, "label", text_json(party->label));
    return out;
}

static const struct judge_slot *
strongest(const struct judge_event *e)
{
    const struct judge_slot *best = NULL;

    for (size_t i = 0; i < JUDGE_SLOTS; i++) {
        const struct judge_slot *s = &e->slots[i];

        if (s->detector[0] == '\0')
            continue;
        if (best == NULL || s->p < best->p ||
            (s->p == best->p && strcmp(s->detector, best->detector) < 0))
            best = s;
    }
    return best;
}

static const json_t *
rules_of(const struct judge_event *e, const struct judge_slot *s)
{
    return e->texts != NULL ? texts_detector(e->texts, s->detector) : NULL;
}

static bool
array_has(const json_t *array, const char *text)
{
    size_t i;
    json_t *v;

    json_array_foreach(array, i, v) if (json_is_string(v) &&
                                        strcmp(json_string_value(v), text) == 0) return true;
    return false;
}

static json_t *
attack_of(const struct judge_event *e, const struct judge_slot *main)
{
    json_t *all = json_array();

    for (size_t k = 0; k <= JUDGE_SLOTS; k++) {
        const struct judge_slot *s = k == 0 ? main : &e->slots[k - 1];
        size_t i;
        json_t *v;

        if (s->detector[0] == '\0')
            continue;
        json_array_foreach(json_object_get(rules_of(e, s), "attack"), i,
                           v) if (json_is_string(v) && json_array_size(all) < ATTACK_MAX &&
                                  !array_has(all, json_string_value(v)))(void)
            json_array_append(all, v);
    }
    return all;
}

static json_t *
facts_of(const struct judge_event *e, const struct judge_slot *main)
{
    json_t *facts = main->facts != NULL ? json_copy(main->facts) : json_object();
    json_t *also = json_array();

    for (size_t i = 0; i < JUDGE_SLOTS; i++)
        if (&e->slots[i] != main && e->slots[i].detector[0] != '\0')
            (void)json_array_append_new(also, json_string(e->slots[i].detector));
    if (json_array_size(also) > 0)
        (void)json_object_set(facts, "also", also);
    json_decref(also);
    if (e->suppressed)
        (void)json_object_set_new(facts, "suppressed", json_true());
    return facts;
}

static json_t *
evidence_of(const struct judge_event *e, const struct judge_slot *main)
{
    json_t *all = json_array();

    for (size_t k = 0; k <= JUDGE_SLOTS; k++) {
        const struct judge_slot *s = k == 0 ? main : &e->slots[k - 1];
        size_t i;
        json_t *v;

        if (s->detector[0] == '\0' || (k > 0 && s == main))
            continue;
        json_array_foreach(s->evidence, i, v) if (json_array_size(all) < EVENT_EVIDENCE_MAX)(void)
            json_array_append(all, v);
    }
    return all;
}

static bool
is_range(const json_t *party)
{
    return strncmp(vg_json_str(party, "id", ""), "bin:", 4) == 0;
}

/* Who has a card's token, its first six and its last four digits is close to its number: an event that
 * names a range of cards names no card (PCI DSS 3.5.1, applicability notes). Takes `evidence`. */
static json_t *
without_cards(json_t *evidence)
{
    json_t *all = json_array(), *v;
    size_t i;

    json_array_foreach(evidence, i, v)
    {
        json_t *own = json_copy(v);

        (void)json_object_del(own, "card");
        (void)json_object_del(own, "last4");
        (void)json_array_append_new(all, own);
    }
    json_decref(evidence);
    return all;
}

/* Takes the value; an empty array is left out. */
static void
set_filled(json_t *event, const char *key, json_t *array)
{
    if (json_array_size(array) > 0)
        (void)json_object_set(event, key, array);
    json_decref(array);
}

static enum severity
severity_of(const struct judge_event *e, const struct judge_slot *main)
{
    enum severity s = e->severity;

    if (e->suppressed)
        return SEVERITY_INFO;
    if (s == SEVERITY_INFO &&
        severity_parse(vg_json_str(rules_of(e, main), "severity", "medium"), &s) != VG_OK)
        s = SEVERITY_MEDIUM;
    return s;
}

json_t *
judge_event_build(const struct judge_event *e)
{
    const struct judge_slot *main = strongest(e);
    char time[VTIME_TEXT_MAX];
    json_t *event, *evidence, *subject = judge_party_json(e->subject);

    if (main == NULL || subject == NULL) {
        json_decref(subject);
        return NULL;
    }
    event = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:f}", "v", 1, "time",
                      vtime_format(e->time_ns, time), "class", "alert", "sensor", e->sensor,
                      "detector", main->detector, "severity", severity_name(severity_of(e, main)),
                      "score", e->score);
    if (event == NULL) {
        json_decref(subject);
        return NULL;
    }
    if (e->has_p)
        (void)json_object_set_new(event, "p", json_real(e->p));
    (void)json_object_set_new(event, "subject", subject);
    if (main->peer != NULL)
        (void)json_object_set(event, "peer", main->peer);
    (void)json_object_set_new(event, "facts", facts_of(e, main));
    evidence = evidence_of(e, main);
    if (is_range(subject) || is_range(main->peer) ||
        json_object_get(json_object_get(event, "facts"), "bin") != NULL)
        evidence = without_cards(evidence);
    set_filled(event, "evidence", evidence);
    set_filled(event, "attack", attack_of(e, main));
    if (e->count > 1) {
        (void)json_object_set_new(event, "count", json_integer((json_int_t)e->count));
        (void)json_object_set_new(event, "first", json_string(vtime_format(e->first_ns, time)));
        (void)json_object_set_new(event, "last", json_string(vtime_format(e->last_ns, time)));
    }
    return event;
}
