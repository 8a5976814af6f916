/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/settings.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "collector/files.h"
#include "common/hex.h"
#include "common/settings.h"

enum { PEM_MAX = 4096, PATH_SIZE = 512 };

enum vg_err
settings_key_open(const struct collector_config *config, struct settings_key *out)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    uint8_t public[ED25519_KEY];
    enum vg_err err;

    *out = (struct settings_key){.public = ""};
    buf_init(&out->pem, PEM_MAX);
    (void)snprintf(folder, sizeof folder, "%s/pki", config->state_dir);
    (void)snprintf(path, sizeof path, "%s/pki/settings.key", config->state_dir);
    err = files_folder(folder);
    if (err == VG_OK)
        err = files_read(path, PEM_MAX, &out->pem);
    if (err == VG_ERR_NOENT) {
        out->made = true;
        err = ed25519_new(&out->pem);
        if (err == VG_OK)
            err = files_replace(path, buf_slice(&out->pem), true);
    }
    if (err == VG_OK)
        err = ed25519_public(buf_slice(&out->pem), public);
    if (err == VG_OK)
        hex_put(public, sizeof public, out->public);
    else
        settings_key_done(out);
    return err;
}

enum vg_err
settings_offer(const struct settings_key *k, struct storage *s, const struct storage_agent *agent,
               int64_t has, json_t *answer)
{
    struct settings_doc doc = {.version = 0};
    char signature[SETTINGS_SIGN_HEX];
    struct buf text;
    enum vg_err err =
        s->ops->settings_of(s, agent->tenant, agent->site, &doc.settings, &doc.version);

    if (err != VG_OK)
        return err;
    if (has < 0)
        has = 0;
    if (has > doc.version && has < INT64_MAX) {
        err = s->ops->settings_raise(s, agent->id, doc.version, has, &doc.version);
        if (err != VG_OK && err != VG_ERR_NOENT) {
            settings_done(&doc);
            return err;
        }
        err = VG_OK;
    }
    (void)json_object_del(doc.settings, "silence"); /* the collector's own (silence.h) */
    (void)json_object_set_new(answer, "settings_key", json_string(k->public));
    buf_init(&text, 2 * SETTINGS_BYTES_MAX);
    if (doc.version > has && vg_strcpy(doc.agent, sizeof doc.agent, agent->id)) {
        err = settings_sign(buf_slice(&k->pem), &doc, &text, signature);
        if (err == VG_OK)
            (void)json_object_set_new(answer, "settings",
                                      json_pack("{ss% ss}", "text", (const char *)text.data,
                                                text.len, "signature", signature));
    }
    buf_done(&text);
    settings_done(&doc);
    return err;
}

void
settings_key_done(struct settings_key *k)
{
    if (k->pem.data != NULL)
        OPENSSL_cleanse(k->pem.data, k->pem.len);
    buf_done(&k->pem);
    *k = (struct settings_key){.public = ""};
}
