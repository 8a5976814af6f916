/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/token_key.h"

#include <stdio.h>

#include "agent/keeper/seal.h"
#include "agent/platform/platform.h"

enum { PATH_BYTES = 1100, FILE_BYTES_MAX = 256 };

/* The key in the file, checked, as hex. VG_ERR_NOENT, VG_ERR_FORMAT. */
static enum vg_err
read_key(const char *path, char hex[SEAL_HEX_SIZE])
{
    uint8_t key[SEAL_SIZE];
    struct buf text = {0};
    enum vg_err err = platform_file_slurp(path, FILE_BYTES_MAX, &text);

    if (err == VG_OK)
        err = seal_from_hex(buf_slice(&text), key);
    if (err == VG_OK)
        seal_to_hex(key, hex);
    if (text.data != NULL)
        platform_secure_zero(text.data, text.len);
    buf_done(&text);
    platform_secure_zero(key, sizeof(key));
    return err;
}

static enum vg_err
make_key(const char *path, char hex[SEAL_HEX_SIZE])
{
    uint8_t key[SEAL_SIZE];
    enum vg_err err = seal_random(key, sizeof(key));

    if (err != VG_OK)
        return err;
    seal_to_hex(key, hex);
    platform_secure_zero(key, sizeof(key));
    return platform_file_replace(path, slice_of(hex, SEAL_HEX_SIZE - 1), true);
}

enum vg_err
token_key_set(const struct agent_config *config)
{
    char path[PATH_BYTES], hex[SEAL_HEX_SIZE];
    enum vg_err err;

    snprintf(path, sizeof(path), "%.1000s/identity/token.key", config->state_dir);
    err = read_key(path, hex);
    if (err == VG_ERR_NOENT) {
        snprintf(path, sizeof(path), "%.1000s/token.key", config->state_dir);
        err = read_key(path, hex);
        if (err == VG_ERR_NOENT)
            err = make_key(path, hex);
    }
    if (err == VG_OK && json_object_set_new(config->tree, "token_key", json_string(hex)) != 0)
        err = VG_ERR_NOMEM;
    platform_secure_zero(hex, sizeof(hex));
    return err;
}
