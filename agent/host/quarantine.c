/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "agent/host/quarantine_private.h"
#include "common/hex.h"
#include "common/log.h"
#include "common/vtime.h"

enum { KEY_TEXT = 2 * SEALED_KEY };

const char *
quarantine_outcome_name(enum quarantine_outcome outcome)
{
    static const char *const names[] = {
        [QUARANTINE_DONE] = "quarantine", [QUARANTINE_WANTED] = "wanted",
        [QUARANTINE_FULL] = "full",       [QUARANTINE_SYSTEM] = "system",
        [QUARANTINE_CHANGED] = "changed", [QUARANTINE_LINKED] = "linked",
        [QUARANTINE_FAILED] = "failed",   [QUARANTINE_IN_USE] = "in_use",
        [QUARANTINE_BUSY] = "busy",
    };

    return names[outcome];
}

/* ---- the key ---- */

static enum vg_err
read_key(const char *folder, uint8_t key[SEALED_KEY])
{
    char path[QUARANTINE_FILE_MAX];
    struct buf text;
    enum vg_err err;

    (void)snprintf(path, sizeof path, "%.1020s/quarantine.key", folder);
    err = platform_file_slurp(path, 256, &text);
    if (err != VG_OK)
        return err;
    err = hex_parse(buf_slice(&text), key, SEALED_KEY);
    platform_secure_zero(text.data, text.len);
    buf_done(&text);
    return err;
}

static enum vg_err
make_key(const char *folder, uint8_t key[SEALED_KEY])
{
    char path[QUARANTINE_FILE_MAX], text[KEY_TEXT + 2];
    enum vg_err err = platform_folder_make(folder, true);

    if (err == VG_OK && RAND_bytes(key, SEALED_KEY) != 1)
        err = VG_ERR_SYS;
    if (err != VG_OK)
        return err;
    hex_put(key, SEALED_KEY, text);
    text[KEY_TEXT] = '\n';
    (void)snprintf(path, sizeof path, "%.1020s/quarantine.key", folder);
    err = platform_file_replace(path, slice_of(text, KEY_TEXT + 1), true);
    platform_secure_zero(text, sizeof text);
    return err;
}

/* In STATE-keys, or beside the data; a damaged one is an error, never replaced. */
static enum vg_err
find_key(struct quarantine *q, const char *state_dir, bool make)
{
    char keys[CONFIG_PATH_MAX];
    bool apart = agent_config_keys_folder(state_dir, keys);
    enum vg_err err = apart ? read_key(keys, q->key) : VG_ERR_NOENT;

    if (err == VG_ERR_NOENT)
        err = read_key(q->dir, q->key);
    if (err != VG_ERR_NOENT || !make)
        return err;
    err = apart ? make_key(keys, q->key) : VG_ERR_LIMIT;
    if (err == VG_OK)
        return VG_OK;
    log_event(LOG_LEVEL_WARN, "quarantine.key", "error=%s why=%s", vg_err_name(err),
              log_quote("the folder STATE-keys cannot be made: the key lies beside the data"));
    return make_key(q->dir, q->key);
}

enum vg_err
quarantine_open(const struct agent_config *config, bool make, struct quarantine **out)
{
    struct quarantine *q = calloc(1, sizeof *q);
    struct platform_stat stat;
    enum vg_err err = VG_OK;

    if (q == NULL)
        return VG_ERR_NOMEM;
    q->bytes_max = (uint64_t)config->scan.quarantine_bytes;
    if (snprintf(q->dir, sizeof q->dir, "%s/quarantine", config->state_dir) >= (int)sizeof q->dir)
        err = VG_ERR_LIMIT;
    if (err == VG_OK)
        err = make ? platform_folder_make(q->dir, true) : platform_path_stat(q->dir, &stat);
    if (err == VG_OK)
        err = find_key(q, config->state_dir, make);
    if (err == VG_OK)
        err = system_files_new(config, &q->system);
    if (err != VG_OK) {
        quarantine_free(q);
        return err;
    }
    *out = q;
    return VG_OK;
}

void
quarantine_free(struct quarantine *q)
{
    if (q == NULL)
        return;
    system_files_free(q->system);
    platform_secure_zero(q, sizeof *q);
    free(q);
}

enum vg_err
quarantine_lock(const struct quarantine *q, platform_file *lock)
{
    char path[QUARANTINE_FILE_MAX];
    enum vg_err err;

    quarantine_path(q, "lock", "", path);
    err = platform_lock(path, lock);
    return err == VG_ERR_EXISTS ? VG_AGAIN : err;
}

void
quarantine_aside(const char *id, char out[PLATFORM_NAME_MAX + 1])
{
    (void)snprintf(out, PLATFORM_NAME_MAX + 1, ".vigia-%s", id);
}
