/* SPDX-License-Identifier: Apache-2.0 */
/* app: which application a flow belongs to, from rules/indicators/apps.yaml.
 *
 * The list is read before the lock-down and never changes. A look-up hashes each suffix of a name
 * once; it happens when a name becomes known, never for a packet. The file:
 *
 *     apps:
 *       - {app: openai, category: ai, domains: [openai.com], ja4: [...], alpn: [...],
 *          protocols: [...], ports: [tcp/5938], sni: any}
 *
 * `domains` stand for themselves and all below them, the longest match wins; `ja4` of an entry with
 * `sni: random` is believed only beside a name that looks drawn by lot (app_name_random()). Each
 * key may stand once in the whole file. */
#pragma once

#include "common/conf.h"
#include "common/str.h"

enum {
    APP_MAX = 4096,
    APP_KEYS_MAX = 16384,
    APP_LABELS_MAX = 8, /* of a listed domain */
    APP_NAME_MAX = 40,
    APP_DOMAIN_MAX = 253,
};

struct app {
    const char *name, *category; /* owned by the list */
    bool random_name;            /* `sni: random` */
};

struct app_list;

/* On VG_OK *out is the caller's. VG_ERR_CONFIG, VG_ERR_NOENT, VG_ERR_SYS with err->text (file and
 * line); VG_ERR_NOMEM. */
enum vg_err app_list_load(const char *path, struct app_list **out,
                          struct conf_error *err) VG_MUST_CHECK;
/* RULES_DIR/indicators/apps.yaml. */
enum vg_err app_list_load_rules(const char *rules_dir, struct app_list **out,
                                struct conf_error *err) VG_MUST_CHECK;
enum vg_err app_list_parse(const char *label, struct slice text, struct app_list **out,
                           struct conf_error *err) VG_MUST_CHECK;
void app_list_free(struct app_list *list);
size_t app_list_count(const struct app_list *list);
size_t app_list_keys(const struct app_list *list);

/* Each: the application, borrowed from the list, or NULL. `list` may be NULL. */
/* Of a host name in any case, with or without a last dot or ":port". */
const struct app *app_of_host(const struct app_list *list, struct str host);
const struct app *app_of_protocol(const struct app_list *list, struct str protocol);
/* `sni`: "" where there was none. `alpn`: what the client asks for, comma between. */
const struct app *app_of_hello(const struct app_list *list, struct str ja4, struct str alpn,
                               struct str sni);
/* `proto`: 6 or 17. */
const struct app *app_of_port(const struct app_list *list, uint8_t proto, uint16_t port);

/* www.<4 to 25 of a-z and 2-7>.com or .net: how Tor names the servers that it pretends to call
 * (crypto_random_hostname(4, 25, "www.", ...) in its tls modules). */
bool app_name_random(struct str sni);
