/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/beside.h"
#include "common/settings.h"
#include "common/texts.h"
#include "common/vtime.h"

/* `network: off` is a text where the schema has a map: a file whose every key is taken as it
 * stands, but for this one, tells which of the two schemas the file is to be held against. */
static const char *const OFF[] = {"off", NULL};
enum { SCHEMA_FIELDS_MAX = 16 };

/* A map whose value is `off` also serves the schema with all other checks. */
static void
schema_with_network_off(struct conf_field out[SCHEMA_FIELDS_MAX], bool check_others)
{
    size_t n = 0;

    for (const struct conf_field *f = AGENT_CONFIG_SCHEMA; f->key != NULL; f++, n++) {
        out[n] = *f;
        if (strcmp(f->key, "network") == 0)
            out[n] = (struct conf_field){
                .key = "network", .type = CONF_CHOICE, .required = true, .choices = OFF};
        else if (!check_others)
            out[n] = (struct conf_field){.key = f->key, .type = CONF_ANY};
    }
    out[n] = (struct conf_field){.key = NULL};
}

static bool
network_is_off(const char *label, struct slice text)
{
    struct conf_field schema[SCHEMA_FIELDS_MAX];
    struct conf_error ignored;
    json_t *tree;

    schema_with_network_off(schema, false);
    if (conf_parse(label, text, schema, &tree, &ignored) != VG_OK)
        return false;
    json_decref(tree);
    return true;
}

/* ---- from the tree ---- */

static void
tell(struct conf_error *err, const char *where, const char *what, const char *write)
{
    err->line = 0;
    snprintf(err->text, sizeof(err->text), "%s: %s; write: %s", where, what, write);
}

/* Replaces text `key` of `object` by its expanded path, so that workers get what we got. */
static enum vg_err
expand_at(json_t *value)
{
    char *path = platform_path_expand(json_string_value(value));
    int failed;

    if (path == NULL)
        return VG_ERR_NOMEM;
    failed = json_string_set(value, path);
    free(path);
    return failed == 0 ? VG_OK : VG_ERR_NOMEM;
}

static enum vg_err
texts_of(json_t *list, bool paths, const char **out, size_t *count)
{
    json_t *value;
    size_t i;

    *count = 0;
    json_array_foreach(list, i, value)
    {
        if (!json_is_string(value) || *count == CONFIG_LIST_MAX)
            return VG_ERR_CONFIG;
        if (paths && expand_at(value) != VG_OK)
            return VG_ERR_NOMEM;
        out[(*count)++] = json_string_value(value);
    }
    return VG_OK;
}

/* The language of the process's environment, for `system`. */
static const char *
system_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < VG_ARRAY_LEN(names); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "es", 2) == 0 ? "es-MX" : "en";
    }
    return "en";
}

static enum vg_err
read_shop(struct agent_config *c, struct conf_error *err)
{
    json_t *shop = json_object_get(c->tree, "shop");
    const char *key = "", *why = "";
    char host[128], where[128];

    if (json_object_get(shop, "name") == NULL) {
        if (platform_host_name(host, sizeof(host)) != VG_OK)
            (void)vg_strcpy(host, sizeof(host), "shop");
        if (json_object_set_new(shop, "name", json_string(host)) != 0)
            return VG_ERR_NOMEM;
    }
    if (strcmp(vg_json_str(shop, "language", "system"), "system") == 0 &&
        json_object_set_new(shop, "language", json_string(system_language())) != 0)
        return VG_ERR_NOMEM;
    c->shop_name = vg_json_str(shop, "name", "");
    c->zone_name = vg_json_str(shop, "zone", "system");
    c->language = vg_json_str(shop, "language", "en");
    c->currency = vg_json_str(shop, "currency", "MXN");
    c->shop_kind = vg_json_str(shop, "kind", "any");
    if (shop_hours_parse(json_object_get(shop, "hours"), &c->hours, &key, &why) != VG_OK) {
        snprintf(where, sizeof(where), "shop.hours.%.60s", key);
        tell(err, where, why, "hours: {mon-fri: 09:00-20:00, sat: 10:00-15:00}");
        return VG_ERR_CONFIG;
    }
    if (zone_load(c->zone_name, &c->zone) == VG_OK)
        return VG_OK;
    /* A machine without /etc/localtime runs in UTC; a named zone must exist. */
    if (strcmp(c->zone_name, "system") == 0) {
        c->zone = zone_utc();
        return c->zone != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    tell(err, "shop.zone", "no such time zone on this machine", "zone: America/Mexico_City");
    return VG_ERR_CONFIG;
}

static enum vg_err
read_network(struct agent_config *c)
{
    const json_t *network = json_object_get(c->tree, "network");
    const json_t *promiscuous = json_object_get(network, "promiscuous");
    enum vg_err err;

    c->bpf = "";
    if (!json_is_object(network))
        return VG_OK; /* off */
    c->net_enabled = true;
    c->mode = strcmp(vg_json_str(network, "mode", ""), "mirror") == 0 ? NET_MODE_MIRROR
                                                                      : NET_MODE_ENDPOINT;
    c->bpf = vg_json_str(network, "bpf", "");
    c->snaplen = vg_json_int(network, "snaplen", 65535);
    c->buffer_bytes = vg_json_int(network, "buffer", 4 * 1024 * 1024);
    c->promiscuous = promiscuous != NULL ? json_is_true(promiscuous) : c->mode == NET_MODE_MIRROR;
    err = texts_of(json_object_get(network, "replay"), true, c->replay, &c->replay_count);
    if (err == VG_OK)
        err = texts_of(json_object_get(network, "interfaces"), false, c->interfaces,
                       &c->interface_count);
    if (err != VG_OK)
        return err;
    if (json_object_get(network, "interfaces") == NULL && c->replay_count == 0)
        c->interfaces[c->interface_count++] = "auto";
    if (c->interface_count == 1 && strcmp(c->interfaces[0], "none") == 0)
        c->interface_count = 0;
    if (c->interface_count == 0 && c->replay_count == 0)
        c->net_enabled = false;
    return VG_OK;
}

static enum vg_err
read_sources(struct agent_config *c)
{
    json_t *list = json_object_get(c->tree, "payments"), *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        json_t *path = json_object_get(item, "path");

        if (!json_is_string(path) || c->payment_count == CONFIG_LIST_MAX)
            return VG_ERR_CONFIG;
        if (expand_at(path) != VG_OK)
            return VG_ERR_NOMEM;
        c->payments[c->payment_count++] = (struct pay_source){
            .path = json_string_value(path), .format = vg_json_str(item, "format", "auto")};
    }
    return texts_of(json_object_get(c->tree, "files"), true, c->files, &c->file_count);
}

static void
read_scan(struct agent_config *c)
{
    const json_t *scan = json_object_get(c->tree, "scan");
    const char *pass = vg_json_str(scan, "full_pass", "");

    c->scan.quarantine = strcmp(vg_json_str(scan, "response", ""), "quarantine") == 0;
    if (severity_parse(vg_json_str(scan, "severity", ""), &c->scan.least) != VG_OK)
        c->scan.least = SEVERITY_HIGH;
    c->scan.quarantine_bytes = vg_json_int(scan, "quarantine_size", INT64_C(1) << 30);
    c->scan.pass_min = strchr(pass, ':') != NULL ? shop_clock_min(pass) : -1;
    c->scan.sticks = vg_json_bool(scan, "sticks", true);
    c->scan.network = vg_json_bool(scan, "network", false);
}

static enum vg_err
read_store(struct agent_config *c)
{
    json_t *store = json_object_get(c->tree, "store");
    json_t *path = json_object_get(store, "path");

    c->state_dir = "/var/lib/vigia";
    if (json_is_string(path)) {
        if (expand_at(path) != VG_OK)
            return VG_ERR_NOMEM;
        c->state_dir = json_string_value(path);
    }
    c->store_bytes_max = vg_json_int(store, "size", INT64_C(512) << 20);
    c->alerts_keep_ns = vg_json_int(store, "alerts", 365 * VG_DAY_NS);
    c->observations_keep_ns = vg_json_int(store, "observations", 7 * VG_DAY_NS);
    return VG_OK;
}

static enum vg_err
read_mail(struct agent_config *c, struct conf_error *err)
{
    const json_t *mail = json_object_get(c->tree, "mail");
    const char *transport;

    c->mail_to = vg_json_str(mail, "to", "");
    c->mail_from = vg_json_str(mail, "from", "");
    c->smtp = json_object_get(mail, "smtp");
    transport = vg_json_str(mail, "transport", NULL);
    c->mail_transport = transport != NULL ? transport : c->smtp != NULL ? "smtp" : "maildir";
    if (strcmp(c->mail_transport, "smtp") == 0 && c->smtp == NULL) {
        tell(err, "mail.transport", "smtp needs to know the server",
             "mail: {to: owner@example.mx, transport: smtp, smtp: {host: smtp.example.mx}}");
        return VG_ERR_CONFIG;
    }
    return VG_OK;
}

static char *
find_geo(const char *given, const char *program_path)
{
    static const char *const from[] = {"/geo", "/../share/vigia/geo", NULL};
    static const struct beside where = {"VIGIA_GEO", from, "/usr/share/vigia/geo", ""};

    return beside_find(&where, given, program_path);
}

/* A folder that the file names under `key`, or that lies beside the program: then the tree gets it,
 * so that a worker looks in the same place. *out stays NULL where there is none: commands that need
 * it tell. */
static enum vg_err
read_folder(struct agent_config *c, const char *key,
            char *(*find)(const char *given, const char *program_path), const char **out)
{
    json_t *named = json_object_get(c->tree, key);
    char *program, *found;
    int failed;

    if (named != NULL) {
        if (expand_at(named) != VG_OK)
            return VG_ERR_NOMEM;
        *out = json_string_value(named);
        return VG_OK;
    }
    program = platform_program_path();
    found = find(NULL, program);
    free(program);
    if (found == NULL)
        return VG_OK;
    failed = json_object_set_new(c->tree, key, json_string(found));
    free(found);
    if (failed != 0)
        return VG_ERR_NOMEM;
    *out = vg_json_str(c->tree, key, NULL);
    return VG_OK;
}

enum vg_err
agent_config_from_tree(json_t *tree, struct agent_config *out, struct conf_error *err)
{
    struct agent_config c = {.tree = tree};
    enum vg_err result;

    *err = (struct conf_error){.text = ""};
    result = read_shop(&c, err);
    if (result == VG_OK)
        result = read_network(&c);
    if (result == VG_OK)
        result = read_sources(&c);
    if (result == VG_OK)
        result = texts_of(json_object_get(json_object_get(tree, "detectors"), "off"), false,
                          c.detectors_off, &c.detectors_off_count);
    if (result == VG_OK)
        result = read_store(&c);
    if (result == VG_OK)
        result = read_mail(&c, err);
    c.rules_named = json_object_get(tree, "rules") != NULL;
    if (result == VG_OK)
        result = read_folder(&c, "rules", texts_find_rules, &c.rules_dir);
    c.rules_base = c.rules_dir;
    if (result == VG_OK)
        result = read_folder(&c, "geo", find_geo, &c.geo_dir);
    if (result != VG_OK) {
        if (err->text[0] == '\0')
            snprintf(err->text, sizeof(err->text), "configuration: %s", vg_err_name(result));
        agent_config_done(&c);
        return result;
    }
    read_scan(&c);
    c.budget_per_week = vg_json_real(json_object_get(tree, "alerts"), "budget_per_week", 3);
    c.user = vg_json_str(json_object_get(tree, "service"), "user", "");
    c.bundles = vg_json_bool(json_object_get(tree, "bundles"), "accept", true);
    c.settings = vg_json_bool(json_object_get(tree, "settings"), "accept", true);
    c.bundle_key = vg_json_str(json_object_get(tree, "bundles"), "key", NULL);
    c.sandbox = vg_json_bool(tree, "sandbox", true);
    *out = c;
    return VG_OK;
}

/* ---- from text ---- */

/* The line of the last part of a dotted path ("shop.hours.mon-fry") in the text, 0 if unknown. */
static unsigned
line_of(struct slice text, const char *path)
{
    const char *dot = strrchr(path, '.'), *key = dot != NULL ? dot + 1 : path;
    size_t len = strlen(key);
    unsigned line = 1;
    bool inside = false;

    for (; text.left > len; slice_skip(&text, 1)) {
        uint8_t c = text.at[0];

        if (!inside && memcmp(text.at, key, len) == 0 && text.at[len] == ':')
            return line;
        line += c == '\n';
        inside = isalnum(c) || c == '-' || c == '_'; /* of another word */
    }
    return 0;
}

/* Puts label and line before an error that was found after the schema's checks. */
static void
place_error(struct conf_error *err, const char *label, struct slice text)
{
    char told[sizeof(err->text)], path[80] = "";
    const char *colon = strstr(err->text, ": ");

    memcpy(told, err->text, sizeof(told));
    if (colon != NULL && (size_t)(colon - err->text) < sizeof(path)) {
        memcpy(path, err->text, (size_t)(colon - err->text));
        err->line = line_of(text, path);
    }
    if (err->line > 0)
        snprintf(err->text, sizeof(err->text), "%.80s:%u: %.400s", label, err->line, told);
    else
        snprintf(err->text, sizeof(err->text), "%.80s: %.400s", label, told);
}

enum vg_err
agent_config_parse(const char *label, struct slice text, struct agent_config *out,
                   struct conf_error *err)
{
    struct conf_field off[SCHEMA_FIELDS_MAX];
    const struct conf_field *schema = AGENT_CONFIG_SCHEMA;
    enum vg_err result;
    json_t *tree;

    if (network_is_off(label, text)) {
        schema_with_network_off(off, true);
        schema = off;
    }
    result = conf_parse(label, text, schema, &tree, err);
    if (result != VG_OK)
        return result;
    result = agent_config_from_tree(tree, out, err);
    if (result == VG_ERR_CONFIG)
        place_error(err, label, text);
    return result;
}

enum vg_err
agent_config_load(const char *path, struct agent_config *out, struct conf_error *err)
{
    struct buf text;
    enum vg_err result;

    *err = (struct conf_error){.text = ""};
    buf_init(&text, CONF_BYTES_MAX);
    result = platform_file_slurp(path, CONF_BYTES_MAX, &text);
    if (result == VG_OK)
        result = agent_config_parse(path, buf_slice(&text), out, err);
    else
        snprintf(err->text, sizeof(err->text), "%.200s: cannot be read (%s); write: -c FILE", path,
                 vg_err_name(result));
    buf_done(&text);
    return result;
}

enum vg_err
agent_config_default(struct agent_config *out, struct conf_error *err)
{
    return agent_config_parse("defaults", slice_of("{}", 2), out, err);
}

void
agent_config_done(struct agent_config *config)
{
    if (config == NULL)
        return;
    zone_free(config->zone);
    json_decref(config->tree);
    *config = (struct agent_config){0};
}

enum vg_err
agent_config_overlay(const struct agent_config *base, const json_t *settings,
                     struct agent_config *out, struct conf_error *err)
{
    json_t *tree = json_deep_copy(base->tree);
    enum vg_err result = tree != NULL ? settings_merge(tree, settings) : VG_ERR_NOMEM;

    *err = (struct conf_error){.text = ""};
    if (result != VG_OK) {
        json_decref(tree);
        return result;
    }
    result = agent_config_from_tree(tree, out, err);
    if (result == VG_OK)
        out->rules_named = base->rules_named; /* the tree names what was found, too */
    return result;
}

json_t *
agent_config_for_worker(const struct agent_config *config)
{
    json_t *tree = json_deep_copy(config->tree);

    if (tree != NULL)
        (void)json_object_del(tree, "mail"); /* absent is fine */
    return tree;
}
