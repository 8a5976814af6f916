/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says of a path, by its letters alone. */
#include <stdio.h>
#include <string.h>

#include "agent/config.h"

static bool
has_parent(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
            return true;
    return false;
}

static bool
under(const char *path, const char *root)
{
    size_t len = strlen(root);

    while (len > 1 && root[len - 1] == '/')
        len--;
    return len > 0 && strncmp(path, root, len) == 0 &&
           (len == 1 || path[len] == '\0' || path[len] == '/');
}

bool
agent_config_is_file(const struct agent_config *config, const char *path)
{
    if (has_parent(path))
        return false;
    for (size_t i = 0; i < config->file_count; i++)
        if (under(path, config->files[i]))
            return true;
    return false;
}

bool
agent_config_is_source(const struct agent_config *config, const char *path)
{
    if (has_parent(path))
        return false;
    for (size_t i = 0; i < config->payment_count; i++)
        if (under(path, config->payments[i].path))
            return true;
    return agent_config_is_file(config, path);
}

bool
agent_config_keys_folder(const char *state_dir, char out[CONFIG_PATH_MAX])
{
    size_t len = strlen(state_dir);
    int n;

    while (len > 1 && state_dir[len - 1] == '/')
        len--;
    n = snprintf(out, CONFIG_PATH_MAX, "%.*s-keys", (int)len, state_dir);
    return n > 0 && n < CONFIG_PATH_MAX;
}
