/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/service_user.h"

#include "agent/keeper/identity.h"
#include "agent/platform/platform.h"
#include "common/log.h"

#define DEFAULT_USER "vigia"

/* The keys' folder lies beside the state's: only who may write above it can make it. Without one the
 * key stays in the state folder (identity.h). */
static void
keys_give(const char *state_dir, const char *user)
{
    static const char *const marks[] = {"token.key", NULL};
    char dir[IDENTITY_PATH_MAX];
    enum vg_err err = VG_ERR_LIMIT;

    if (agent_config_keys_folder(state_dir, dir))
        err = platform_folder_make(dir, true);
    if (err == VG_OK)
        err = platform_folder_give(dir, user, marks);
    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "keeper.keys_folder", "user=%s error=%s", log_quote(user),
                  vg_err_name(err));
}

enum vg_err
service_user_become(const struct agent_config *config, unsigned rights)
{
    /* One of these is in every state folder that we ever made. */
    static const char *const marks[] = {"lock", "identity", "vigia.db", "status.json", NULL};
    const char *user = config->user, *what = "user";
    enum vg_err err;

    if (!platform_is_admin())
        return VG_OK;
    if (user[0] == '\0' && platform_user_known(DEFAULT_USER))
        user = DEFAULT_USER;
    if (user[0] == '\0')
        return VG_OK;
    if (!platform_user_known(user)) {
        log_event(LOG_LEVEL_ERROR, "keeper.user", "user=%s why=%s", log_quote(user),
                  log_quote("there is no such user; see service: {user} in the configuration"));
        return VG_ERR_CONFIG;
    }
    err = platform_folder_give(config->state_dir, user, marks);
    if (err == VG_OK) {
        keys_give(config->state_dir, user);
        err = platform_user_become(user, rights);
    } else
        what = err == VG_ERR_EXISTS   ? "the state folder is root's and holds what is not ours"
               : err == VG_ERR_DENIED ? "the state folder is somebody else's"
                                      : "the state folder cannot be made that user's";
    if (err != VG_OK)
        log_event(LOG_LEVEL_ERROR, "keeper.user", "user=%s folder=%s error=%s why=%s",
                  log_quote(user), log_quote(config->state_dir), vg_err_name(err), log_quote(what));
    return err;
}
