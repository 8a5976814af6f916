/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agent/pay/profile.h"
#include "agent/platform/platform.h"

static bool
is_yaml(const char *name)
{
    size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".yaml") == 0;
}

enum vg_err
profiles_load(const char *rules_dir, struct profiles *out, struct conf_error *err)
{
    char folder[1024], path[1400];
    struct platform_names names;
    enum vg_err result;

    *out = (struct profiles){.count = 0};
    (void)snprintf(folder, sizeof folder, "%s/formats", rules_dir);
    result = platform_folder_list(folder, PROFILES_MAX * 4, &names);
    if (result != VG_OK) {
        (void)snprintf(err->text, sizeof err->text, "%.200s: cannot be read", folder);
        return result;
    }
    for (size_t i = 0; result == VG_OK && i < names.count; i++) {
        if (!is_yaml(names.name[i]))
            continue;
        (void)snprintf(path, sizeof path, "%s/%.255s", folder, names.name[i]);
        if (out->count == PROFILES_MAX) {
            (void)snprintf(err->text, sizeof err->text, "%.200s: more than %d formats", folder,
                           PROFILES_MAX);
            result = VG_ERR_CONFIG;
        } else {
            result = profile_load(path, &out->profile[out->count], err);
            out->count += result == VG_OK;
        }
    }
    platform_names_free(&names);
    if (result != VG_OK)
        profiles_done(out);
    return result;
}

void
profiles_done(struct profiles *all)
{
    for (size_t i = 0; i < all->count; i++)
        profile_free(all->profile[i]);
    all->count = 0;
}

const struct profile *
profiles_find(const struct profiles *all, const char *name)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->profile[i]->name, name) == 0)
            return all->profile[i];
    return NULL;
}

size_t
profiles_named(const struct profiles *all, const char *name, const struct profile **one)
{
    size_t n = 0;

    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->profile[i]->name, name) == 0 ||
            strcmp(all->profile[i]->family, name) == 0) {
            *one = all->profile[i];
            n++;
        }
    }
    return n;
}

enum vg_err
profiles_choose(struct profiles *all, const char *format, const struct profile **one,
                const char **only, struct conf_error *err)
{
    const struct profile *found = NULL;
    size_t n;

    *one = NULL;
    *only = NULL;
    if (strcmp(format, "auto") == 0)
        return VG_OK;
    n = profiles_named(all, format, &found);
    if (n > 1) {
        *only = format;
        return VG_OK;
    }
    if (n == 0 && (strchr(format, '/') != NULL || is_yaml(format))) {
        enum vg_err result;

        if (all->count == PROFILES_MAX) {
            (void)snprintf(err->text, sizeof err->text, "more than %d formats", PROFILES_MAX);
            return VG_ERR_CONFIG;
        }
        result = profile_load(format, &all->profile[all->count], err);
        if (result != VG_OK)
            return result;
        found = all->profile[all->count++];
        n = 1;
    }
    if (n == 0) {
        (void)snprintf(err->text, sizeof err->text,
                       "%.60s is no format; write auto, a file name or the name of one in "
                       "rules/formats",
                       format);
        return VG_ERR_CONFIG;
    }
    *one = found;
    return VG_OK;
}
