/* SPDX-License-Identifier: Apache-2.0 */
/* settings: the part of agent.yaml that the provider may set from afar, for all shops, for a customer's, or
 * for one: what concerns judgement and habits, never paths, users, keys, programs or where mails go. The
 * collector signs what counts for an agent as one small document; the agent holds it against the same
 * table, and it stands before agent.yaml. */
#pragma once

#include "common/conf.h"
#include "common/ed25519.h"
#include "common/uuid.h"

enum { SETTINGS_BYTES_MAX = 16 * 1024, SETTINGS_OFF_MAX = 64 };

extern const struct conf_field SETTINGS_SCHEMA[];

/* Words and checks that agent.yaml shares. */
extern const char *const SETTINGS_LANGUAGES[],
    *const SETTINGS_SHOP_KINDS[], *const SETTINGS_RESPONSES[], *const SETTINGS_SEVERITIES[];
bool settings_check_hours(const char *text, char why[160]);
bool settings_check_pass(const char *text, char why[160]);
bool settings_check_detector(const char *text, char why[160]);

/* JSON (or YAML) text of settings, held against the table: nothing is added. VG_ERR_CONFIG with err->text;
 * VG_ERR_LIMIT; VG_ERR_NOMEM. */
enum vg_err settings_parse(struct slice text, json_t **out, struct conf_error *err) VG_MUST_CHECK;
/* Each value of `over` takes the place of that of `into`: lists and hours as a whole. VG_ERR_NOMEM. */
enum vg_err settings_merge(json_t *into, const json_t *over) VG_MUST_CHECK;
/* "alerts.budget_per_week", … of those that are set. New reference. */
json_t *settings_names(const json_t *settings);

/* What goes to one agent. `version` rises with every change that concerns it. */
struct settings_doc {
    char agent[UUID_TEXT_SIZE];
    int64_t version;
    json_t *settings; /* owned: settings_done() */
};
enum { SETTINGS_SIGN_HEX = 2 * ED25519_SIGNATURE + 1 };

/* The document's text, appended, and its signature by the private key in `pem`. */
enum vg_err settings_sign(struct slice pem, const struct settings_doc *doc, struct buf *text,
                          char signature[SETTINGS_SIGN_HEX]) VG_MUST_CHECK;
/* VG_ERR_DENIED: not signed by `key`; VG_ERR_FORMAT: signed, and no such document; VG_ERR_CONFIG: a value
 * that the table refuses; err->text says what. */
enum vg_err settings_open(const uint8_t key[ED25519_KEY], struct slice text, const char *signature,
                          struct settings_doc *out, struct conf_error *err) VG_MUST_CHECK;
void settings_done(struct settings_doc *doc);
