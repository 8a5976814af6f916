/* SPDX-License-Identifier: Apache-2.0 */
/* config: the agent's configuration, from agent.yaml or from what the keeper sends its workers. */
#pragma once

#include "agent/detect/detector.h"
#include "common/conf.h"

enum { CONFIG_LIST_MAX = 64 };

enum net_mode { NET_MODE_ENDPOINT, NET_MODE_MIRROR };

struct pay_source {
    const char *path;   /* a file or a folder, ~ resolved */
    const char *format; /* a profile's name, a path, or "auto" */
};

/* Every text is borrowed from `tree`. */
struct agent_config {
    json_t *tree; /* checked, with defaults; owned */

    const char *shop_name, *zone_name, *language, *currency, *shop_kind;
    struct shop_hours hours;
    struct zone *zone; /* owned */

    bool
        net_enabled; /* `network:` is there, or absent with defaults; `network: off` turns it off */
    enum net_mode mode;
    const char *interfaces[CONFIG_LIST_MAX]; /* "auto" or names; none when only replaying */
    size_t interface_count;
    const char *bpf; /* "" for none */
    int64_t snaplen, buffer_bytes;
    bool promiscuous;
    const char *replay[CONFIG_LIST_MAX]; /* captures read once, in order, positions kept */
    size_t replay_count;

    struct pay_source payments[CONFIG_LIST_MAX];
    size_t payment_count;
    const char *files[CONFIG_LIST_MAX]; /* watched folders, ~ resolved */
    size_t file_count;
    struct {
        bool quarantine;          /* what matches is moved away, not only told */
        enum severity least;      /* of the rules for which it is */
        int64_t quarantine_bytes; /* how much may lie there */
        int pass_min;             /* of the day, when all is gone through; -1: found out */
        bool sticks, network;     /* whether what is mounted is looked at too */
    } scan;

    double budget_per_week;
    const char *detectors_off[CONFIG_LIST_MAX]; /* names, or "net.*" */
    size_t detectors_off_count;

    const char *state_dir;  /* /var/lib/vigia */
    const char *rules_dir;  /* found beside the program where the file names none; NULL: nowhere */
    const char *rules_base; /* the same without the collector's bundle (agent/bundle) */
    bool rules_named;       /* the file names them: no bundle stands before the owner's own */
    bool bundles;           /* rules that the collector sends are taken */
    bool settings;          /* settings that the collector sends are taken */
    const char *bundle_key; /* hex: who signs them, instead of whom enrolment told; NULL */
    const char *geo_dir;    /* countries and owners of addresses; found in the same way */
    int64_t store_bytes_max, alerts_keep_ns, observations_keep_ns;
    const char *user; /* whom root becomes; "": `vigia` where there is such a user, else it stays */
    bool sandbox;     /* default true; the command line's --no-sandbox is for tests */

    const char *mail_to, *mail_from, *mail_transport; /* "maildir" or "smtp"; to "": no mail */
    const json_t *smtp; /* host, port, user, password, tls; borrowed; NULL */
};

/* DESIGN's example works as it stands. VG_ERR_CONFIG with err->text; VG_ERR_NOENT; VG_ERR_NOMEM. */
enum vg_err agent_config_load(const char *path, struct agent_config *out,
                              struct conf_error *err) VG_MUST_CHECK;
/* The same from text; `label` names it in errors. */
enum vg_err agent_config_parse(const char *label, struct slice text, struct agent_config *out,
                               struct conf_error *err) VG_MUST_CHECK;
/* From the tree of a checked configuration (a worker's): takes the reference. */
enum vg_err agent_config_from_tree(json_t *tree, struct agent_config *out,
                                   struct conf_error *err) VG_MUST_CHECK;
/* The defaults, as for an empty file: for `read`, `pay` and `scan` without -c. */
enum vg_err agent_config_default(struct agent_config *out, struct conf_error *err) VG_MUST_CHECK;
void agent_config_done(struct agent_config *config);

/* Whether a path, by its letters alone, lies at or under one of `files`. */
bool agent_config_is_file(const struct agent_config *config, const char *path);
/* The same of `payments` and `files`. */
bool agent_config_is_source(const struct agent_config *config, const char *path);

/* STATE-keys, without a slash at its end: where keys lie that shall not be stolen together with the
 * data. False where the name is too long. */
enum { CONFIG_PATH_MAX = 1024 };
bool agent_config_keys_folder(const char *state_dir, char out[CONFIG_PATH_MAX]) VG_MUST_CHECK;

/* The configuration with these settings (common/settings.h) in place of its own; `base` stays. */
enum vg_err agent_config_overlay(const struct agent_config *base, const json_t *settings,
                                 struct agent_config *out, struct conf_error *err) VG_MUST_CHECK;

/* What a worker may know of it: the tree without `mail` (passwords). New reference, NULL without
 * memory; agent_config_from_tree() takes it. */
json_t *agent_config_for_worker(const struct agent_config *config);

/* The schema, for `check`, the man page and shell completion. */
extern const struct conf_field AGENT_CONFIG_SCHEMA[];
