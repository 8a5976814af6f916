/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings.h"

#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/hours.h"

/* Stands before what is signed: a signature for this is none for a bundle. */
static const char LABEL[] = "vigia settings 1\n";

const char *const SETTINGS_LANGUAGES[] = {"system", "es-MX", "es", "en", NULL};
const char *const SETTINGS_RESPONSES[] = {"report", "quarantine", NULL};
const char *const SETTINGS_SEVERITIES[] = {"low", "medium", "high", "critical", NULL};
/* Of which rules/detectors/pay.amount.yaml knows what is usual. */
const char *const SETTINGS_SHOP_KINDS[] = {"any",      "grocery", "restaurant", "cafe",
                                           "pharmacy", "clothes", "hardware",   "electronics",
                                           "jewelry",  "hotel",   "services",   NULL};

bool
settings_check_hours(const char *text, char why[160])
{
    if (shop_hours_text_ok(text))
        return true;
    snprintf(why, 160, "opening hours are HH:MM-HH:MM (24 hours) or closed");
    return false;
}

bool
settings_check_pass(const char *text, char why[160])
{
    if (strcmp(text, "auto") == 0 ||
        (strlen(text) == 5 && shop_clock_ok(text) && strncmp(text, "24", 2) != 0))
        return true;
    snprintf(why, 160, "an hour is HH:MM (24 hours), or auto");
    return false;
}

/* As detectors are called, "net.scan"; which there are is known to each sensor's panel. */
bool
settings_check_detector(const char *text, char why[160])
{
    const char *name =
        strncmp(text, "net.", 4) == 0 || strncmp(text, "pay.", 4) == 0 ? text + 4 : "";

    if (name[0] != '\0' && (strcmp(name, "*") == 0 ||
                            strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name)))
        return true;
    snprintf(why, 160, "no name of a detector (`vigia-agent explain` lists them)");
    return false;
}

#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }

static const struct conf_field HOURS_ITEM = {.key = "",
                                             .type = CONF_TEXT,
                                             .min = 1,
                                             .max = 11,
                                             .check = settings_check_hours,
                                             .example = "hours: {mon-fri: 09:00-20:00}"};
static const struct conf_field SHOP[] = {
    {.key = "kind",
     .type = CONF_CHOICE,
     .choices = SETTINGS_SHOP_KINDS,
     .example = "kind: restaurant"},
    {.key = "language",
     .type = CONF_CHOICE,
     .choices = SETTINGS_LANGUAGES,
     .example = "language: es-MX"},
    {.key = "hours",
     .type = CONF_DICT,
     .item = &HOURS_ITEM,
     .example = "hours: {mon-fri: 09:00-20:00, sat: 10:00-15:00}"},
    END,
};
static const struct conf_field ALERTS[] = {
    {.key = "budget_per_week",
     .type = CONF_REAL,
     .min = 0,
     .max = 1000,
     .example = "budget_per_week: 3"},
    END,
};
static const struct conf_field OFF_ITEM = {.key = "",
                                           .type = CONF_TEXT,
                                           .min = 1,
                                           .max = 64,
                                           .check = settings_check_detector,
                                           .example = "off: [net.scan]"};
static const struct conf_field DETECTORS[] = {
    {.key = "off",
     .type = CONF_LIST,
     .item = &OFF_ITEM,
     .max = SETTINGS_OFF_MAX,
     .example = "off: [net.scan]"},
    END,
};
static const struct conf_field SCAN[] = {
    {.key = "response",
     .type = CONF_CHOICE,
     .choices = SETTINGS_RESPONSES,
     .example = "response: quarantine"},
    {.key = "severity",
     .type = CONF_CHOICE,
     .choices = SETTINGS_SEVERITIES,
     .example = "severity: high"},
    {.key = "full_pass",
     .type = CONF_TEXT,
     .min = 4,
     .max = 5,
     .check = settings_check_pass,
     .example = "full_pass: 03:00"},
    {.key = "sticks", .type = CONF_BOOL, .example = "sticks: true"},
    END,
};
const struct conf_field SETTINGS_SCHEMA[] = {
    {.key = "shop", .type = CONF_MAP, .fields = SHOP, .example = "shop: {kind: restaurant}"},
    {.key = "alerts",
     .type = CONF_MAP,
     .fields = ALERTS,
     .example = "alerts: {budget_per_week: 3}"},
    {.key = "detectors",
     .type = CONF_MAP,
     .fields = DETECTORS,
     .example = "detectors: {off: [net.scan]}"},
    {.key = "scan", .type = CONF_MAP, .fields = SCAN, .example = "scan: {response: quarantine}"},
    END,
};

/* Days are checked together: "mon-fri" and "fri" at once say two things. */
static enum vg_err
check_days(const json_t *settings, struct conf_error *err)
{
    const json_t *hours = json_object_get(json_object_get(settings, "shop"), "hours");
    const char *key = "", *why = "";
    struct shop_hours ignored;

    if (hours == NULL || shop_hours_parse(hours, &ignored, &key, &why) == VG_OK)
        return VG_OK;
    (void)snprintf(err->text, sizeof err->text, "settings: shop.hours.%.40s: %.200s", key, why);
    return VG_ERR_CONFIG;
}

enum vg_err
settings_parse(struct slice text, json_t **out, struct conf_error *err)
{
    json_t *tree = NULL;
    enum vg_err e;

    *err = (struct conf_error){.text = ""};
    if (text.left > SETTINGS_BYTES_MAX) {
        (void)snprintf(err->text, sizeof err->text, "settings: more than %d bytes",
                       SETTINGS_BYTES_MAX);
        return VG_ERR_LIMIT;
    }
    e = conf_parse("settings", text, SETTINGS_SCHEMA, &tree, err);
    if (e == VG_OK)
        e = check_days(tree, err);
    if (e != VG_OK) {
        json_decref(tree);
        return e;
    }
    *out = tree;
    return VG_OK;
}

enum vg_err
settings_merge(json_t *into, const json_t *over)
{
    const char *group, *name;
    json_t *values, *value;

    json_object_foreach((json_t *)over, group, values)
    {
        json_t *there = json_object_get(into, group);

        if (there == NULL) {
            there = json_object();
            if (json_object_set_new(into, group, there) != 0)
                return VG_ERR_NOMEM;
        }
        json_object_foreach(values, name,
                            value) if (json_object_set_new(there, name, json_deep_copy(value)) !=
                                       0) return VG_ERR_NOMEM;
    }
    return VG_OK;
}

json_t *
settings_names(const json_t *settings)
{
    json_t *list = json_array(), *values, *value;
    const char *group, *name;

    json_object_foreach((json_t *)settings, group, values)
        json_object_foreach(values, name, value)(void)
            json_array_append_new(list, json_sprintf("%s.%s", group, name));
    return list;
}

/* ---- the document ---- */

static enum vg_err
signed_text(struct slice text, struct buf *out)
{
    buf_init(out, sizeof LABEL + 2 * SETTINGS_BYTES_MAX);
    buf_put(out, LABEL, sizeof LABEL - 1);
    buf_put(out, text.at, text.left);
    return out->bad ? VG_ERR_LIMIT : VG_OK;
}

enum vg_err
settings_sign(struct slice pem, const struct settings_doc *doc, struct buf *text,
              char signature[SETTINGS_SIGN_HEX])
{
    json_t *tree = json_pack("{ss sI sO}", "agent", doc->agent, "version", (json_int_t)doc->version,
                             "settings", doc->settings);
    char *plain = tree != NULL ? vg_json_text(tree) : NULL;
    uint8_t bytes[ED25519_SIGNATURE];
    struct buf whole = {.data = NULL};
    enum vg_err err = plain != NULL ? VG_OK : VG_ERR_NOMEM;

    json_decref(tree);
    if (err == VG_OK)
        err = signed_text(slice_of(plain, strlen(plain)), &whole);
    if (err == VG_OK)
        err = ed25519_sign(pem, buf_slice(&whole), bytes);
    if (err == VG_OK) {
        buf_put_str(text, plain);
        hex_put(bytes, sizeof bytes, signature);
        err = text->bad ? VG_ERR_LIMIT : VG_OK;
    }
    buf_done(&whole);
    free(plain);
    return err;
}

/* What a document says, once it is known who wrote it. */
static enum vg_err
read_doc(struct slice text, struct settings_doc *out, struct conf_error *err)
{
    json_t *tree = NULL, *settings;
    char *plain = NULL;
    enum vg_err e = vg_json_parse(text, 2 * SETTINGS_BYTES_MAX, &tree);

    settings = json_object_get(tree, "settings");
    out->version = vg_json_int(tree, "version", 0);
    if (e != VG_OK || !json_is_object(settings) || out->version <= 0 ||
        !uuid_valid(vg_json_str(tree, "agent", "")) ||
        !vg_strcpy(out->agent, sizeof out->agent, vg_json_str(tree, "agent", ""))) {
        (void)snprintf(err->text, sizeof err->text, "settings: no document of settings");
        json_decref(tree);
        return VG_ERR_FORMAT;
    }
    plain = vg_json_text(settings);
    e = plain != NULL ? settings_parse(slice_of(plain, strlen(plain)), &out->settings, err)
                      : VG_ERR_NOMEM;
    free(plain);
    json_decref(tree);
    return e;
}

enum vg_err
settings_open(const uint8_t key[ED25519_KEY], struct slice text, const char *signature,
              struct settings_doc *out, struct conf_error *err)
{
    uint8_t bytes[ED25519_SIGNATURE];
    struct buf whole = {.data = NULL};
    enum vg_err e = signed_text(text, &whole);

    *out = (struct settings_doc){.version = 0};
    *err = (struct conf_error){.text = ""};
    if (e == VG_OK && (hex_parse_str(signature, bytes, sizeof bytes) != VG_OK ||
                       !ed25519_verify(key, buf_slice(&whole), slice_of(bytes, sizeof bytes)))) {
        (void)snprintf(err->text, sizeof err->text, "settings: not signed by the collector's key");
        e = VG_ERR_DENIED;
    }
    buf_done(&whole);
    return e == VG_OK ? read_doc(text, out, err) : e;
}

void
settings_done(struct settings_doc *doc)
{
    json_decref(doc->settings);
    *doc = (struct settings_doc){.version = 0};
}
