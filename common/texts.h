/* SPDX-License-Identifier: Apache-2.0 */
/* texts: what each detector says to people, from rules/detectors/NAME.yaml, filled from an event.
 *
 * A message has placeholders {name} or {name|form}; name is a key of the event's facts, or one of
 * subject, peer (their labels), shop, first, last, time, count. Forms: text (default), count
 * (grouped digits), bytes (KiB, MiB), money (minor units with facts.currency), time (shop's zone,
 * "12 mar, 14:05"), duration (seconds), percent (a share 0..1), list, country (its name, of an ISO
 * 3166-1 code; "": "unknown country"), words (the file's own `words` for a name, or for each of a list of
 * names), known (a text; "": "unknown owner"). A placeholder whose fact
 * is missing makes texts_check() fail and renders as "?". Used by the agent's commands, the
 * collector's mails and the dashboard. */
#pragma once

#include "common/conf.h"
#include "common/zone.h"

/* Schema of rules/detectors/NAME.yaml:
 *   detector: net.scan
 *   severity: medium
 *   attack: [T1046]
 *   settings: {NAME: VALUE, ...} (numbers, durations, texts; each detector checks its own)
 *   facts: {ports: "how many ports were tried", ...}   (every fact the detector gives; for people)
 *   messages:
 *     es: {title: ..., what: ..., why: ..., do: ..., short: ...}
 *     en: {...}
 *   words: {es: {hour: "a una hora poco usual", ...}, en: {...}}   (optional; form `words`)
 * title: under 80 characters; short: one line for lists; what: seen against usual; do: one thing. */
struct texts;

struct text_message {
    char *title, *brief, *what, *why, *what_to_do; /* brief: the line `short` */
};

/* Loads every *.yaml of the folder. One bad file is an error that names it: VG_ERR_CONFIG. */
enum vg_err texts_load(const char *rules_dir, struct texts **out,
                       struct conf_error *err) VG_MUST_CHECK;
void texts_free(struct texts *texts);

/* The parsed file of one detector (settings, severity, attack), borrowed; NULL when unknown. */
const json_t *texts_detector(const struct texts *texts, const char *detector);
/* Names of all detectors, NULL-ended, borrowed, sorted. */
const char *const *texts_detectors(const struct texts *texts);

struct text_view {
    const char *language; /* "es-MX", "es" or "en"; anything else is "en" */
    const char *shop;
    const struct zone *zone;
};

/* Fills a message from an event. Unknown detectors get a general one. Everything in *out is the
 * caller's: texts_message_done(). VG_ERR_NOMEM. */
enum vg_err texts_render(const struct texts *texts, const json_t *event,
                         const struct text_view *view, struct text_message *out) VG_MUST_CHECK;
void texts_message_done(struct text_message *m);

/* Number forms by themselves, for pages and mails: appended to `out`. */
void texts_put_money(struct buf *out, int64_t minor, const char *currency, const char *language);
void texts_put_bytes(struct buf *out, int64_t bytes, const char *language);
void texts_put_count(struct buf *out, int64_t n, const char *language);
void texts_put_time(struct buf *out, int64_t t_ns, const struct text_view *view);
void texts_put_duration(struct buf *out, double seconds, const char *language);
void texts_put_country(struct buf *out, const char *code, const char *language);

/* Where the rules are: `given` if not NULL; $VIGIA_RULES; beside the program (../../rules for a
 * build tree, ../share/vigia/rules when installed). malloc'd; NULL when none exists. */
char *texts_find_rules(const char *given, const char *program_path);
