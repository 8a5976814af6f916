/* SPDX-License-Identifier: Apache-2.0 */
/* app_table: inner part of app: the list in memory, one hash table for keys of every kind. */
#pragma once

#include "agent/net/app.h"

enum app_key { APP_DOMAIN, APP_JA4, APP_ALPN, APP_PROTOCOL, APP_PORT };

struct app_slot {
    const char *key; /* borrowed from `tree`; NULL: empty */
    const struct app *app;
    uint32_t hash;
    uint8_t kind;
};

struct app_list {
    json_t *tree; /* owns every text */
    struct app *app;
    size_t count, keys;
    struct app_slot *slot; /* power of two, at least twice `keys` */
    uint32_t mask;
    struct hash_key secret;
};

const struct app *app_table_find(const struct app_list *list, enum app_key kind, struct str key);
/* VG_ERR_EXISTS where the key is there. There is room. */
enum vg_err app_table_add(struct app_list *list, enum app_key kind, const char *key,
                          const struct app *app) VG_MUST_CHECK;
