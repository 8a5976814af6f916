/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/app.h"

#include <stdio.h>

#include "agent/net/app_table.h"

static uint32_t
hash_of(const struct app_list *list, enum app_key kind, struct str key)
{
    return (uint32_t)str_hash(&list->secret, key.at, key.len) * 5 + (uint32_t)kind;
}

const struct app *
app_table_find(const struct app_list *list, enum app_key kind, struct str key)
{
    uint32_t hash = hash_of(list, kind, key);

    for (uint32_t i = hash & list->mask; list->slot[i].key != NULL; i = (i + 1) & list->mask)
        if (list->slot[i].hash == hash && list->slot[i].kind == kind &&
            str_is(key, list->slot[i].key))
            return list->slot[i].app;
    return NULL;
}

enum vg_err
app_table_add(struct app_list *list, enum app_key kind, const char *key, const struct app *app)
{
    uint32_t hash = hash_of(list, kind, str_of(key)), i = hash & list->mask;

    if (app_table_find(list, kind, str_of(key)) != NULL)
        return VG_ERR_EXISTS;
    while (list->slot[i].key != NULL)
        i = (i + 1) & list->mask;
    list->slot[i] = (struct app_slot){key, app, hash, (uint8_t)kind};
    list->keys++;
    return VG_OK;
}

size_t
app_list_count(const struct app_list *list)
{
    return list != NULL ? list->count : 0;
}

size_t
app_list_keys(const struct app_list *list)
{
    return list != NULL ? list->keys : 0;
}

/* The name as the list writes it: lower case, neither port nor last dot. */
static struct str
plain_host(struct str host, char out[APP_DOMAIN_MAX + 2])
{
    const char *colon = memchr(host.at, ':', host.len);
    size_t len = colon != NULL ? (size_t)(colon - host.at) : host.len;

    if (len > APP_DOMAIN_MAX + 1)
        return str_of(NULL);
    for (size_t i = 0; i < len; i++)
        out[i] =
            (char)(host.at[i] >= 'A' && host.at[i] <= 'Z' ? host.at[i] - 'A' + 'a' : host.at[i]);
    while (len > 0 && out[len - 1] == '.')
        len--;
    return str_n(out, len);
}

const struct app *
app_of_host(const struct app_list *list, struct str host)
{
    char text[APP_DOMAIN_MAX + 2];
    struct str name;
    size_t start;
    const struct app *found = NULL;

    if (list == NULL)
        return NULL;
    name = plain_host(host, text);
    start = name.len;
    /* From the last label leftwards; the longest that is listed wins. */
    for (unsigned labels = 1; start > 0 && labels <= APP_LABELS_MAX; labels++) {
        const struct app *one;

        while (start > 0 && name.at[start - 1] != '.')
            start--;
        one = app_table_find(list, APP_DOMAIN, str_n(name.at + start, name.len - start));
        if (one != NULL)
            found = one;
        if (start > 0)
            start--; /* over the dot */
    }
    return found;
}

const struct app *
app_of_protocol(const struct app_list *list, struct str protocol)
{
    return list != NULL ? app_table_find(list, APP_PROTOCOL, protocol) : NULL;
}

const struct app *
app_of_hello(const struct app_list *list, struct str ja4, struct str alpn, struct str sni)
{
    const struct app *found;

    if (list == NULL)
        return NULL;
    found = app_table_find(list, APP_JA4, ja4);
    if (found != NULL && found->random_name && !app_name_random(sni))
        found = NULL;
    while (found == NULL && alpn.len > 0) {
        const char *comma = memchr(alpn.at, ',', alpn.len);
        size_t len = comma != NULL ? (size_t)(comma - alpn.at) : alpn.len;

        found = app_table_find(list, APP_ALPN, str_n(alpn.at, len));
        len += comma != NULL;
        alpn = str_n(alpn.at + len, alpn.len - len);
    }
    return found;
}

const struct app *
app_of_port(const struct app_list *list, uint8_t proto, uint16_t port)
{
    char key[16];

    if (list == NULL || (proto != 6 && proto != 17))
        return NULL;
    snprintf(key, sizeof(key), "%s/%u", proto == 6 ? "tcp" : "udp", port);
    return app_table_find(list, APP_PORT, str_of(key));
}

bool
app_name_random(struct str sni)
{
    size_t label;

    if (sni.len < 12 || sni.len > 33 || memcmp(sni.at, "www.", 4) != 0)
        return false;
    label = sni.len - 8;
    if (memcmp(sni.at + 4 + label, ".com", 4) != 0 && memcmp(sni.at + 4 + label, ".net", 4) != 0)
        return false;
    for (size_t i = 4; i < 4 + label; i++)
        if (!((sni.at[i] >= 'a' && sni.at[i] <= 'z') || (sni.at[i] >= '2' && sni.at[i] <= '7')))
            return false;
    return true;
}
