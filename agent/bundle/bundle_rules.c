/* SPDX-License-Identifier: Apache-2.0 */
/* Which folder of rules counts, and whose signature. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "agent/bundle/bundle_state.h"
#include "agent/platform/platform.h"
#include "common/hex.h"

enum { BASE_NAMES_MAX = 500, BASE_DEPTH_MAX = 4, KEY_TEXT_MAX = 2 * BUNDLE_KEY };

static enum vg_err
look_into(EVP_MD_CTX *hash, const char *folder, const char *inside, unsigned depth)
{
    struct platform_names names;
    struct platform_stat stat;
    char path[BUNDLE_PATH_BYTES], below[BUNDLE_PATH_MAX + 300], line[BUNDLE_PATH_MAX + 400];
    enum vg_err err = platform_folder_list(folder, BASE_NAMES_MAX, &names);

    if (err != VG_OK)
        return err;
    for (size_t i = 0; i < names.count && err == VG_OK; i++) {
        (void)snprintf(below, sizeof below, "%.160s/%.255s", inside, names.name[i]);
        if (snprintf(path, sizeof path, "%s/%s", folder, names.name[i]) >= (int)sizeof path)
            err = VG_ERR_LIMIT;
        else
            err = platform_path_stat(path, &stat);
        if (err == VG_OK && stat.folder && depth < BASE_DEPTH_MAX) {
            err = look_into(hash, path, below, depth + 1);
        } else if (err == VG_OK && stat.regular) {
            int n = snprintf(line, sizeof line, "%s %llu %lld\n", below,
                             (unsigned long long)stat.size, (long long)stat.modified_ns);

            if (EVP_DigestUpdate(hash, line, (size_t)n) != 1)
                err = VG_ERR_NOMEM;
        }
        if (err == VG_ERR_NOENT) /* it went meanwhile */
            err = VG_OK;
    }
    platform_names_free(&names);
    return err;
}

enum vg_err
bundle_base(const char *rules_dir, char out[BUNDLE_BASE])
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    uint8_t sum[EVP_MAX_MD_SIZE];
    enum vg_err err = VG_ERR_NOMEM;

    if (hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(hash, VIGIA_VERSION, strlen(VIGIA_VERSION)) == 1)
        err = look_into(hash, rules_dir, "", 1);
    if (err == VG_OK && EVP_DigestFinal_ex(hash, sum, NULL) != 1)
        err = VG_ERR_NOMEM;
    if (err == VG_OK)
        hex_put(sum, (BUNDLE_BASE - 1) / 2, out);
    EVP_MD_CTX_free(hash);
    return err;
}

bool
bundle_rules(const char *state_dir, const struct bundle_state *s, const char *base,
             char out[BUNDLE_PATH_BYTES])
{
    struct platform_stat stat;

    return s->now.version > 0 && strcmp(s->now.base, base) == 0 &&
           bundle_path(state_dir, s->now.folder, out) && platform_path_stat(out, &stat) == VG_OK &&
           stat.folder;
}

void
bundle_use(struct agent_config *config)
{
    char base[BUNDLE_BASE], path[BUNDLE_PATH_BYTES];
    struct bundle_state state;

    if (config->rules_named || !config->bundles || config->rules_base == NULL ||
        bundle_state_load(config->state_dir, &state) != VG_OK || state.now.version == 0 ||
        bundle_base(config->rules_base, base) != VG_OK ||
        !bundle_rules(config->state_dir, &state, base, path))
        return;
    /* Both texts live in the tree, of which a worker gets a copy. */
    if (json_object_set(config->tree, "rules_base", json_object_get(config->tree, "rules")) != 0)
        return;
    config->rules_base = vg_json_str(config->tree, "rules_base", NULL);
    if (json_object_set_new(config->tree, "rules", json_string(path)) == 0)
        config->rules_dir = vg_json_str(config->tree, "rules", NULL);
    else
        config->rules_dir = config->rules_base;
}

void
bundle_unuse(struct agent_config *config)
{
    json_t *base = json_object_get(config->tree, "rules_base");

    if (base == NULL || json_object_set(config->tree, "rules", base) != 0)
        return;
    config->rules_dir = config->rules_base;
}

size_t
bundle_keys(const struct agent_config *config, uint8_t out[BUNDLE_KEYS_MAX][BUNDLE_KEY])
{
    char path[BUNDLE_PATH_BYTES];
    struct buf text = {.data = NULL};
    size_t count = 0;

    if (config->bundle_key != NULL)
        return hex_parse_str(config->bundle_key, out[0], BUNDLE_KEY) == VG_OK;
    if (snprintf(path, sizeof path, "%s/identity/bundle.pub", config->state_dir) <
            (int)sizeof path &&
        platform_file_slurp(path, KEY_TEXT_MAX, &text) == VG_OK &&
        hex_parse(buf_slice(&text), out[0], BUNDLE_KEY) == VG_OK)
        count = 1;
    buf_done(&text);
    return count;
}
