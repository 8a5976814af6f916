/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/token_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/files.h"
#include "common/hex.h"

enum { PATH_SIZE = 512, LINE_BYTES = UUID_TEXT_SIZE + 2 * TOKEN_KEYS_SIZE + 1 };
enum { FILE_BYTES_MAX = (TOKEN_KEYS_TENANTS_MAX + 1) * LINE_BYTES };

static void
path_of(const struct collector_config *config, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/pki/tokens.key", config->state_dir);
}

/* A tenant's own key, instead of the one that it had. */
static enum vg_err
own_add(struct token_keys *k, const char *tenant, const uint8_t key[TOKEN_KEYS_SIZE])
{
    struct token_keys_own *own = NULL;

    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->own[i].tenant, tenant) == 0)
            own = &k->own[i];
    if (own == NULL && k->count == TOKEN_KEYS_TENANTS_MAX)
        return VG_ERR_LIMIT;
    if (own == NULL && k->count == k->room) {
        size_t room = k->room > 0 ? 2 * k->room : 16;
        struct token_keys_own *more = calloc(room, sizeof *more);

        if (more == NULL)
            return VG_ERR_NOMEM;
        if (k->count > 0)
            memcpy(more, k->own, k->count * sizeof *more);
        if (k->own != NULL)
            OPENSSL_cleanse(k->own, k->count * sizeof *more);
        free(k->own);
        k->own = more;
        k->room = room;
    }
    if (own == NULL)
        own = &k->own[k->count++];
    (void)vg_strcpy(own->tenant, sizeof own->tenant, tenant);
    memcpy(own->key, key, TOKEN_KEYS_SIZE);
    return VG_OK;
}

/* ---- the file ---- */

static enum vg_err
line_read(struct token_keys *k, char *line, bool first)
{
    uint8_t key[TOKEN_KEYS_SIZE];
    char *hex = strchr(line, ' ');
    enum vg_err err;

    if (hex == NULL)
        return VG_ERR_FORMAT;
    *hex++ = '\0';
    err = hex_parse_str(hex, key, sizeof key);
    if (err == VG_OK && first != (strcmp(line, "*") == 0))
        err = VG_ERR_FORMAT;
    if (err == VG_OK && first)
        memcpy(k->root, key, sizeof key);
    else if (err == VG_OK)
        err = uuid_valid(line) ? own_add(k, line, key) : VG_ERR_FORMAT;
    OPENSSL_cleanse(key, sizeof key);
    return err;
}

static enum vg_err
file_read(const char *path, struct token_keys *k)
{
    struct buf text;
    char *at, *rest;
    bool first = true;
    enum vg_err err;

    buf_init(&text, FILE_BYTES_MAX + 1);
    err = files_read(path, FILE_BYTES_MAX, &text);
    buf_put_u8(&text, '\0');
    if (err == VG_OK && text.bad)
        err = VG_ERR_NOMEM;
    if (err == VG_OK) {
        rest = (char *)text.data;
        while (err == VG_OK && (at = strsep(&rest, "\n")) != NULL && at[0] != '\0') {
            err = line_read(k, at, first);
            first = false;
        }
        if (err == VG_OK && first)
            err = VG_ERR_FORMAT;
    }
    if (text.data != NULL)
        OPENSSL_cleanse(text.data, text.len);
    buf_done(&text);
    return err;
}

static enum vg_err
file_write(const char *path, const struct token_keys *k)
{
    char hex[2 * TOKEN_KEYS_SIZE + 1];
    struct buf text;
    enum vg_err err;

    buf_init(&text, FILE_BYTES_MAX);
    hex_put(k->root, TOKEN_KEYS_SIZE, hex);
    buf_printf(&text, "* %s\n", hex);
    for (size_t i = 0; i < k->count; i++) {
        hex_put(k->own[i].key, TOKEN_KEYS_SIZE, hex);
        buf_printf(&text, "%s %s\n", k->own[i].tenant, hex);
    }
    err = text.bad ? VG_ERR_NOMEM : files_replace(path, buf_slice(&text), true);
    OPENSSL_cleanse(hex, sizeof hex);
    if (text.data != NULL)
        OPENSSL_cleanse(text.data, text.len);
    buf_done(&text);
    return err;
}

/* ---- an older database ---- */

static enum vg_err
take_older(struct storage *store, struct token_keys *k, bool *any)
{
    char tenant[UUID_TEXT_SIZE] = "";
    uint8_t key[TOKEN_KEYS_SIZE];
    enum vg_err err;

    while ((err = store->ops->token_key_next(store, tenant, key)) == VG_OK &&
           (err = own_add(k, tenant, key)) == VG_OK)
        *any = true;
    OPENSSL_cleanse(key, sizeof key);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
token_keys_open(const struct collector_config *config, struct storage *store,
                struct token_keys *out)
{
    struct token_keys k = {.count = 0};
    char path[PATH_SIZE], folder[PATH_SIZE];
    bool older = false;
    enum vg_err err;

    path_of(config, path);
    (void)snprintf(folder, sizeof folder, "%s/pki", config->state_dir);
    err = files_folder(folder);
    if (err == VG_OK)
        err = file_read(path, &k);
    if (err == VG_ERR_NOENT) {
        k.made = true;
        err = RAND_bytes(k.root, sizeof k.root) == 1 ? VG_OK : VG_ERR_SYS;
    }
    if (err == VG_OK)
        err = take_older(store, &k, &older);
    /* The file is on the disk before the database forgets. */
    if (err == VG_OK && (older || k.made))
        err = file_write(path, &k);
    if (err == VG_OK && older)
        err = store->ops->token_keys_forget(store);
    if (err != VG_OK) {
        token_keys_done(&k);
        return err;
    }
    *out = k;
    OPENSSL_cleanse(&k, sizeof k);
    return VG_OK;
}

void
token_keys_done(struct token_keys *k)
{
    if (k->own != NULL)
        OPENSSL_cleanse(k->own, k->room * sizeof *k->own);
    free(k->own);
    OPENSSL_cleanse(k, sizeof *k);
}

enum vg_err
token_keys_purpose(const struct token_keys *k, const char *purpose, uint8_t out[TOKEN_KEYS_SIZE])
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = sizeof mac;

    if (HMAC(EVP_sha256(), k->root, sizeof k->root, (const uint8_t *)purpose, strlen(purpose), mac,
             &n) == NULL ||
        n != TOKEN_KEYS_SIZE)
        return VG_ERR_SYS;
    memcpy(out, mac, TOKEN_KEYS_SIZE);
    OPENSSL_cleanse(mac, sizeof mac);
    return VG_OK;
}

enum vg_err
token_keys_of(const struct token_keys *k, const char *tenant, uint8_t out[TOKEN_KEYS_SIZE])
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->own[i].tenant, tenant) == 0) {
            memcpy(out, k->own[i].key, TOKEN_KEYS_SIZE);
            return VG_OK;
        }
    return token_keys_purpose(k, tenant, out); /* an id is no other purpose's word */
}
