/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities and users. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

uint64_t
linux_caps_of_rights(unsigned rights)
{
    uint64_t caps = 0;

    if ((rights & PLATFORM_RIGHT_CAPTURE) != 0)
        caps |= CAP_BIT(CAP_NET_RAW) | CAP_BIT(CAP_NET_ADMIN);
    if ((rights & PLATFORM_RIGHT_READ_ALL) != 0)
        caps |= CAP_BIT(CAP_DAC_READ_SEARCH);
    if ((rights & PLATFORM_RIGHT_PROCESSES) != 0)
        caps |= CAP_BIT(CAP_SYS_PTRACE) | CAP_BIT(CAP_DAC_READ_SEARCH);
    if ((rights & PLATFORM_RIGHT_MOVE) != 0)
        caps |= CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_LEASE);
    return caps;
}

uint64_t
linux_caps_permitted(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    if (syscall(SYS_capget, &head, data) != 0)
        return 0;
    return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

enum vg_err
linux_caps_set(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {
        {.permitted = (uint32_t)permitted,
         .effective = (uint32_t)effective,
         .inheritable = (uint32_t)inheritable},
        {.permitted = (uint32_t)(permitted >> 32),
         .effective = (uint32_t)(effective >> 32),
         .inheritable = (uint32_t)(inheritable >> 32)},
    };

    return syscall(SYS_capset, &head, data) == 0 ? VG_OK : linux_errno();
}

void
linux_caps_bound(uint64_t keep)
{
    for (unsigned long cap = 0; cap < 64; cap++)
        if ((keep & CAP_BIT(cap)) == 0)
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

void
linux_caps_ambient(uint64_t caps)
{
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (unsigned long cap = 0; cap < 64; cap++)
        if ((caps & CAP_BIT(cap)) != 0)
            (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

enum vg_err
linux_caps_drop(uint64_t caps)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    uint32_t low = (uint32_t)~caps, high = (uint32_t)(~caps >> 32);

    if (syscall(SYS_capget, &head, data) != 0)
        return linux_errno();
    for (unsigned long cap = 0; cap < 64; cap++)
        if ((caps & CAP_BIT(cap)) != 0) {
            (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
            (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, cap, 0, 0);
        }
    return linux_caps_set((uint64_t)(data[1].permitted & high) << 32 | (data[0].permitted & low),
                          (uint64_t)(data[1].effective & high) << 32 | (data[0].effective & low),
                          (uint64_t)(data[1].inheritable & high) << 32 |
                              (data[0].inheritable & low));
}

enum vg_err
platform_drives_give_up(void)
{
    return linux_caps_drop(CAP_BIT(CAP_SYS_ADMIN));
}

/* Not effective: this process itself does not use what it keeps for its children. */
static enum vg_err
keep_for_children(unsigned rights)
{
    uint64_t caps = linux_caps_of_rights(rights) & linux_caps_permitted();

    return linux_caps_set(caps, 0, caps);
}

enum vg_err
platform_user_become(const char *user, unsigned rights)
{
    const struct passwd *entry;
    uid_t uid;
    gid_t gid;

    if (geteuid() != 0)
        return keep_for_children(rights);
    if (user == NULL || user[0] == '\0')
        return VG_OK;
    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL)
        return errno == 0 || errno == ENOENT ? VG_ERR_NOENT : linux_errno();
    uid = entry->pw_uid;
    gid = entry->pw_gid;
    if (uid == 0)
        return VG_OK;
    if (initgroups(user, gid) != 0)
        return linux_errno();
    linux_caps_bound(linux_caps_of_rights(rights));
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(uid, uid, uid) != 0)
        return linux_errno();
    return keep_for_children(rights);
}

bool
platform_is_admin(void)
{
    return geteuid() == 0;
}
