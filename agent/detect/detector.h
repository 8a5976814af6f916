/* SPDX-License-Identifier: Apache-2.0 */
/* detector: the form of every detector, and the panel that runs those of one sensor.
 *
 * A detector is one file with one `const struct detector`, one row in panel.c, one
 * rules/detectors/NAME.yaml, one test. It never reads a clock, never depends on table order, and
 * its memory is bounded by named caps. save() writes the rows that changed since the last save, so
 * that a fresh instance with all rows loaded continues exactly as this one would: after a crash the
 * run must give the same events. */
#pragma once

#include "agent/detect/judge.h"
#include "agent/detect/keytab_step.h"
#include "agent/detect/net_scene.h"
#include "agent/detect/obs.h"
#include "common/hours.h"

enum { DETECT_WHY_MAX = 200 };

struct detector_env {
    const json_t *settings;  /* `settings` of the detector's rules file, borrowed */
    const char *rules_dir;   /* for YARA and indicators: read in make(), before the lock-down */
    const struct zone *zone; /* the shop's */
    const struct shop_hours *hours;
    const char *currency;          /* the shop's, "MXN" */
    const char *shop_kind;         /* "restaurant"; "any" or NULL: not known */
    struct judge *judge;           /* outlives the detector */
    const struct net_scene *scene; /* net sensor: outlives the detector; else NULL */
    struct pay_ahead *ahead;       /* pay sensor: to tell in make() which tables it asks; or NULL */
    const char *geo_dir;           /* pay sensor: for geo_open() in make(); NULL: none */
    bool history; /* baselines may be learned from the input (pay back-test, --learn) */
};

/* Rows of one detector to the sink. */
struct state_out {
    const struct sink *sink;
    const char *detector;
};
void state_put(struct state_out *out, struct slice key, uint16_t version, struct slice blob);
void state_remove(struct state_out *out, struct slice key);

struct detector {
    const char *name;   /* "net.scan" */
    const char *sensor; /* "net", "pay", "file" */
    uint32_t kinds;     /* bits 1 << obs_kind that it wants */
    /* As it is set up it wants nothing (no rules are there): it is spared all observations. May be
     * NULL: it wants its kinds always. */
    bool (*idle)(const void *self);
    /* `why` takes what is wrong with the settings. VG_ERR_CONFIG, VG_ERR_NOMEM. */
    enum vg_err (*make)(const struct detector_env *env, void **self, char why[DETECT_WHY_MAX]);
    void (*observe)(void *self, const struct obs *obs);
    /* What was observed before the committed place, shown again after a restart, because its source
     * is read from its beginning: rebuild what save() does not write (buffers of payload, which must
     * not be stored), report nothing. May be NULL. */
    void (*again)(void *self, const struct obs *obs);
    void (*save)(void *self, struct state_out *out); /* may be NULL: no state */
    enum vg_err (*load)(void *self, struct slice key, uint16_t version, struct slice blob);
    void (*free)(void *self);
    /* Counters for the sensor's health record: integers under names of its own, the panel puts the
     * detector's name before them; "learning": 1 while it is. May be NULL. */
    void (*health)(const void *self, json_t *counters);
};

struct panel;

struct panel_options {
    const char *sensor; /* whose detectors */
    const char *rules_dir;
    const char *geo_dir; /* for geo_open(), before the lock-down; NULL: none */
    const struct texts *texts;
    const struct zone *zone;
    const struct shop_hours *hours;
    const char *currency, *shop_kind; /* as in detector_env */
    struct judge_settings judge;
    bool history;
    const char *const *off; /* detectors that are left out, by name; "net.*": all of a sensor's */
    size_t off_count;
};

/* Everything borrowed outlives the panel. `why` names detector and setting on VG_ERR_CONFIG, also
 * where `off` names none that this sensor has. */
enum vg_err panel_new(const struct panel_options *options, const struct sink *sink,
                      struct panel **out, char why[DETECT_WHY_MAX]) VG_MUST_CHECK;
void panel_free(struct panel *panel);

/* Hands the observation to each detector that wants its kind. */
void panel_observe(struct panel *panel, const struct obs *obs);
/* These keys will be asked for soon (pay_ahead.h). Changes nothing. */
void panel_expect(const struct panel *panel, const struct pay_keys *keys, enum keytab_step step);
/* Shows again what a former run committed (detector.again). */
void panel_again(struct panel *panel, const struct obs *obs);
/* The kinds that any detector wants, as bits 1 << obs_kind. */
uint32_t panel_kinds(const struct panel *panel);
/* Learn silently (--learn): detectors see everything, the judge emits nothing. */
void panel_mute(struct panel *panel, bool muted);
struct judge *panel_judge(struct panel *panel);

/* Counters of all detectors, as "net.yara.bytes_skipped", into the sensor's health object. */
void panel_health(const struct panel *panel, json_t *health);

/* All changed rows to the sink, before a commit. */
void panel_save(struct panel *panel);
/* One row back; rows of unknown detectors or versions are ignored and counted (*known false). */
enum vg_err panel_load(struct panel *panel, const char *detector, struct slice key,
                       uint16_t version, struct slice blob, bool *known) VG_MUST_CHECK;

/* All registered detectors, NULL-ended. */
extern const struct detector *const DETECTORS[];
