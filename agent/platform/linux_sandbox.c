/* SPDX-License-Identifier: Apache-2.0 */
/* The lock-down: capabilities, no-new-privileges, Landlock, seccomp, in this order.
 *
 * Landlock also forbids to look into processes outside its domain and is inherited, so neither the
 * host worker, who names the program behind a socket, nor the keeper, who starts it, enter one. */
#include "agent/platform/linux.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#if LINUX_SANITIZERS
/* The leak check at exit traces its own process, which no sandbox allows: neither our own nor the
 * one that the keeper's children inherit. */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0;
}
#endif

/* A keeper that stays root keeps what starting, feeding and ending workers takes. */
static uint64_t
keeper_caps(void)
{
    static const unsigned root[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL,
                                    CAP_SETGID, CAP_SETUID,       CAP_SETPCAP};
    uint64_t caps = 0;

    if (geteuid() == 0)
        for (size_t i = 0; i < VG_ARRAY_LEN(root); i++)
            caps |= UINT64_C(1) << root[i];
    return caps & linux_caps_permitted();
}

static enum vg_err
drop_caps(const struct platform_sandbox *sandbox, bool landlock, unsigned *kept)
{
    const unsigned move = PLATFORM_RIGHT_MOVE;
    const unsigned host =
        PLATFORM_RIGHT_READ_ALL | PLATFORM_RIGHT_PROCESSES | (sandbox->move ? move : 0);
    uint64_t permitted = 0, effective = 0, inheritable = 0;

    if (sandbox->network) {
        effective = keeper_caps();
        inheritable =
            linux_caps_of_rights(host | move | PLATFORM_RIGHT_CAPTURE) &
            linux_caps_permitted();
        permitted = effective | inheritable;
    } else if (sandbox->keep_rights) {
        effective = linux_caps_of_rights(host) & linux_caps_permitted();
        permitted = effective;
    } else if (sandbox->read_all && landlock) {
        effective = linux_caps_of_rights(PLATFORM_RIGHT_READ_ALL) & linux_caps_permitted();
        permitted = effective;
    }
    linux_caps_bound(permitted);
    linux_caps_ambient(0);
    *kept = (unsigned)__builtin_popcountll(permitted);
    return linux_caps_set(permitted, effective, inheritable);
}

enum vg_err
linux_sandbox_enter(const struct platform_sandbox *sandbox, int abi_max,
                    char told[PLATFORM_TOLD_MAX])
{
    bool landlock = !sandbox->network && !sandbox->keep_rights;
    int abi = linux_landlock_abi();
    unsigned kept;
    bool files;
    enum vg_err err;

    if (sandbox->read_count > PLATFORM_PATHS_MAX ||
        sandbox->write_count > VG_ARRAY_LEN(sandbox->write))
        return VG_ERR_LIMIT;
    if (abi > abi_max)
        abi = abi_max;
    err = drop_caps(sandbox, landlock && abi > 0, &kept);
    if (err != VG_OK)
        return err;
    /* No core file with payload in it, no tracing by others of the same user. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return linux_errno();
    if (landlock && abi > 0) {
        err = linux_landlock_enter(sandbox, abi);
        if (err != VG_OK)
            return err;
    }
    files = sandbox->read_count > 0 || sandbox->keep_rights || LINUX_SANITIZERS;
    err = linux_seccomp_enter(sandbox, files);
    if (err != VG_OK)
        return err;
    (void)snprintf(told, PLATFORM_TOLD_MAX,
                   "{\"seccomp\":\"%s\",\"landlock\":%d,\"no_new_privs\":true,\"capabilities\":%u}",
                   sandbox->network ? "denied list" : "allowed list", landlock ? abi : 0, kept);
    return VG_OK;
}

enum vg_err
platform_sandbox_enter(const struct platform_sandbox *sandbox, char told[PLATFORM_TOLD_MAX])
{
    return linux_sandbox_enter(sandbox, LINUX_LANDLOCK_ABI_MAX, told);
}
