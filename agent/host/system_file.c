/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host/system_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"

#define LISTS "/var/lib/dpkg/info"
enum { OWN_MAX = 8, LISTS_MAX = 20000, LIST_BYTES_MAX = 16 * 1024 * 1024 };

struct system_files {
    char *own[OWN_MAX]; /* resolved */
    size_t count;
};

static void
add_own(struct system_files *s, const char *path)
{
    char *real = path != NULL ? platform_path_resolve(path) : NULL;

    if (real == NULL)
        return;
    if (s->count < OWN_MAX)
        s->own[s->count++] = real;
    else
        free(real);
}

enum vg_err
system_files_new(const struct agent_config *config, struct system_files **out)
{
    struct system_files *s = calloc(1, sizeof *s);
    char keys[CONFIG_PATH_MAX];
    char *program;

    if (s == NULL)
        return VG_ERR_NOMEM;
    add_own(s, config->state_dir);
    if (agent_config_keys_folder(config->state_dir, keys))
        add_own(s, keys);
    add_own(s, config->rules_dir);
    add_own(s, config->rules_base); /* of the program, where a bundle's are in use */
    add_own(s, config->geo_dir);
    program = platform_program_path();
    add_own(s, program);
    free(program);
    *out = s;
    return VG_OK;
}

void
system_files_free(struct system_files *s)
{
    for (size_t i = 0; s != NULL && i < s->count; i++)
        free(s->own[i]);
    free(s);
}

static bool
under(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* Whether a line of the list is this path. */
static bool
list_has(const char *list, const char *path)
{
    size_t len = strlen(path);

    for (const char *at = list; (at = strstr(at, path)) != NULL; at++)
        if ((at == list || at[-1] == '\n') && (at[len] == '\n' || at[len] == '\0'))
            return true;
    return false;
}

static bool
of_list(const char *name, const char *path)
{
    char file[512];
    struct buf text;
    const char *list;
    size_t len = strlen(name);
    bool has = false;

    if (len < 5 || strcmp(name + len - 5, ".list") != 0 ||
        snprintf(file, sizeof file, LISTS "/%s", name) >= (int)sizeof file ||
        platform_file_slurp(file, LIST_BYTES_MAX, &text) != VG_OK)
        return false;
    list = buf_str(&text);
    has = list != NULL && list_has(list, path);
    buf_done(&text);
    return has;
}

static bool
of_package(const char *path)
{
    struct platform_names names;
    bool has = false;

    if (platform_folder_list(LISTS, LISTS_MAX, &names) != VG_OK)
        return false; /* no Debian */
    for (size_t i = 0; i < names.count && !has; i++)
        has = of_list(names.name[i], path);
    platform_names_free(&names);
    return has;
}

bool
system_file_is(const struct system_files *s, const char *path)
{
    static const char *const folders[] = {"/bin",    "/sbin", "/lib", "/lib32",       "/lib64",
                                          "/libx32", "/usr",  "/etc", "/boot",        "/dev",
                                          "/proc",   "/sys",  "/run", "/var/lib/dpkg"};

    for (size_t i = 0; i < VG_ARRAY_LEN(folders); i++)
        if (under(path, folders[i]))
            return true;
    for (size_t i = 0; i < s->count; i++)
        if (under(path, s->own[i]))
            return true;
    return of_package(path);
}
