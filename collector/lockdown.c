/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/lockdown.h"

#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>

/* The leak check of a sanitizer build traces its own process at the end. */
#if defined(__SANITIZE_ADDRESS__)
enum { TRACEABLE = 1 };
#else
enum { TRACEABLE = 0 };
#endif

/* A list of what is refused, not of what is allowed: the mailer's resolver and TLS libraries use
 * different calls on each system. Nothing here is needed by any of them. */
static const int REFUSED[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(reboot),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(personality),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(vhangup),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
};

static enum vg_err
filter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    enum vg_err err = VG_OK;

    if (ctx == NULL)
        return VG_ERR_NOMEM;
    for (size_t i = 0; i < VG_ARRAY_LEN(REFUSED) && err == VG_OK; i++)
        if (!(TRACEABLE && REFUSED[i] == SCMP_SYS(ptrace)) &&
            seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), REFUSED[i], 0) != 0)
            err = VG_ERR_SYS;
    if (err == VG_OK &&
        (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
         seccomp_load(ctx) != 0))
        err = VG_ERR_SYS;
    seccomp_release(ctx);
    return err;
}

enum vg_err
lockdown_enter(char told[LOCKDOWN_TOLD_MAX])
{
    bool bounds;
    enum vg_err err;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return VG_ERR_SYS;
    (void)prctl(PR_SET_DUMPABLE, TRACEABLE, 0, 0, 0); /* keys are in memory */
    capng_clear(CAPNG_SELECT_BOTH);
    bounds = capng_apply(CAPNG_SELECT_BOTH) == 0; /* the bounding set needs a right to shrink */
    if (!bounds && capng_apply(CAPNG_SELECT_CAPS) != 0)
        return VG_ERR_SYS;
    err = filter();
    if (err != VG_OK)
        return err;
    (void)snprintf(told, LOCKDOWN_TOLD_MAX,
                   "no_new_privs=yes capabilities=none bounding=%s"
                   " seccomp=yes",
                   bounds ? "none" : "kept");
    return VG_OK;
}
