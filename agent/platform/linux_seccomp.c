/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp: what a process may ask of the kernel.
 *
 * A worker has an allow-list. What is not on it fails with EPERM, so that a library that only tries
 * something goes on; what nobody but an intruder would ask for (a program, a connection, another
 * process, kernel interfaces with a history of holes) kills the process, which the keeper records.
 * The keeper, who needs the network and starts programs, has only the second list, without those. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Memory, time, own signals, waiting, open descriptors: what every worker does. */
static const int WORK[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrandom),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrusage),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(rseq),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(membarrier),
    SCMP_SYS(getcpu),
    SCMP_SYS(dup),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(fadvise64),
};

/* Looking at paths: Landlock, where there is one, says which. */
static const int LOOK[] = {
    SCMP_SYS(stat),       SCMP_SYS(lstat),      SCMP_SYS(statx),      SCMP_SYS(access),
    SCMP_SYS(faccessat),  SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd),     SCMP_SYS(fstatfs),    SCMP_SYS(statfs),
};

/* Taking files away: what is written where, the rights say. */
static const int MOVE[] = {
    SCMP_SYS(open),   SCMP_SYS(openat),   SCMP_SYS(rename),    SCMP_SYS(renameat),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(renameat2), SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),  SCMP_SYS(fchmod),   SCMP_SYS(mkdir),     SCMP_SYS(flock),
};

/* Nobody asks for these in good faith. The first part only in workers. */
static const int HOSTILE_WORKER[] = {
    SCMP_SYS(execve),    SCMP_SYS(execveat), SCMP_SYS(fork),      SCMP_SYS(vfork),
    SCMP_SYS(connect),   SCMP_SYS(bind),     SCMP_SYS(listen),
    SCMP_SYS(accept),    SCMP_SYS(accept4),  SCMP_SYS(setuid),    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),  SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
    SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),  SCMP_SYS(capset),
};
static const int HOSTILE[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(fanotify_mark),
    SCMP_SYS(acct),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(quotactl),
    SCMP_SYS(nfsservctl),
    SCMP_SYS(move_pages),
    SCMP_SYS(fsopen),
    SCMP_SYS(move_mount),
    SCMP_SYS(pidfd_getfd),
};

/* Adds rules until one fails; then all later ones are skipped and the failure is kept. */
struct filter {
    scmp_filter_ctx ctx;
    int failed;
};

static void
add(struct filter *f, uint32_t action, int call, unsigned count, const struct scmp_arg_cmp *args)
{
    int rc;

    if (f->failed != 0)
        return;
    rc = seccomp_rule_add_array(f->ctx, action, call, count, args);
    /* A call that this architecture does not have needs no rule. */
    if (rc != 0 && rc != -EDOM && rc != -EINVAL)
        f->failed = rc;
}

static void
add_all(struct filter *f, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(f, action, calls[i], 0, NULL);
}

/* Allows `call` where argument `arg`, masked, is `value`. */
static void
allow_where(struct filter *f, int call, unsigned arg, uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp compare = {
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

    add(f, SCMP_ACT_ALLOW, call, 1, &compare);
}

#define ALL_32 UINT64_C(0xffffffff)

static void
allow_work(struct filter *f)
{
    static const int descriptor[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC};
    static const int process[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, 0x53564d41};

    add_all(f, SCMP_ACT_ALLOW, WORK, VG_ARRAY_LEN(WORK));
    /* No memory that can be executed: what compiles code at run time did so before. */
    allow_where(f, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
    allow_where(f, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
    for (size_t i = 0; i < VG_ARRAY_LEN(descriptor); i++)
        allow_where(f, SCMP_SYS(fcntl), 1, ALL_32, (uint64_t)descriptor[i]);
    for (size_t i = 0; i < VG_ARRAY_LEN(process); i++)
        allow_where(f, SCMP_SYS(prctl), 0, ALL_32, (uint64_t)process[i]);
    allow_where(f, SCMP_SYS(ioctl), 1, ALL_32, FIONREAD);
    allow_where(f, SCMP_SYS(ioctl), 1, ALL_32, TCGETS);              /* "is it a terminal?" */
    allow_where(f, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0);           /* ask, not set */
    allow_where(f, SCMP_SYS(tgkill), 0, ALL_32, (uint64_t)getpid()); /* abort() */
}

static void
allow_open_to_read(struct filter *f)
{
    const uint64_t writes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;

    add_all(f, SCMP_ACT_ALLOW, LOOK, VG_ARRAY_LEN(LOOK));
    allow_where(f, SCMP_SYS(openat), 2, writes, O_RDONLY);
    allow_where(f, SCMP_SYS(open), 1, writes, O_RDONLY);
}

/* libpcap with an open ring: counters, the interface's state, and giving it back. */
static void
allow_capture(struct filter *f)
{
    add(f, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 0, NULL);
    add(f, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), 0, NULL);
    allow_where(f, SCMP_SYS(setsockopt), 1, ALL_32, SOL_PACKET);
    allow_where(f, SCMP_SYS(ioctl), 1, ALL_32, SIOCGIFFLAGS);
    allow_where(f, SCMP_SYS(ioctl), 1, ALL_32, SIOCGIFINDEX);
}

/* sock_diag, and nothing else that a socket could be. */
static void
limit_sockets(struct filter *f, bool host)
{
    const struct scmp_arg_cmp netlink = SCMP_A0(SCMP_CMP_EQ, AF_NETLINK);
    const struct scmp_arg_cmp other = SCMP_A0(SCMP_CMP_NE, AF_NETLINK);

    if (!host) {
        add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 0, NULL);
        return;
    }
    add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &netlink);
    add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, &other);
    add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 0, NULL);
    add(f, SCMP_ACT_ALLOW, SCMP_SYS(recvfrom), 0, NULL);
}

/* A thread is made by clone() with CLONE_THREAD; without, it makes a process. */
static void
limit_clone(struct filter *f, bool threads)
{
    const struct scmp_arg_cmp process = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0};

    add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL); /* libc then asks for clone */
    if (threads)
        allow_where(f, SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD);
    /* A sanitizer that reports tries to start its symbolizer: let it fail and go on. */
    if (!LINUX_SANITIZERS && threads)
        add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, &process);
    else if (!LINUX_SANITIZERS)
        add(f, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 0, NULL);
}

static void
worker_rules(struct filter *f, const struct platform_sandbox *sandbox, bool files)
{
    allow_work(f);
    if (sandbox->move) {
        add_all(f, SCMP_ACT_ALLOW, LOOK, VG_ARRAY_LEN(LOOK));
        add_all(f, SCMP_ACT_ALLOW, MOVE, VG_ARRAY_LEN(MOVE));
        allow_where(f, SCMP_SYS(fcntl), 1, ALL_32, F_SETLEASE);
    } else if (files)
        allow_open_to_read(f);
    else {
        add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0, NULL);
        add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 0, NULL);
    }
    if (sandbox->capture)
        allow_capture(f);
    if (sandbox->watch) {
        add(f, SCMP_ACT_ALLOW, SCMP_SYS(inotify_add_watch), 0, NULL);
        add(f, SCMP_ACT_ALLOW, SCMP_SYS(inotify_rm_watch), 0, NULL);
        add(f, SCMP_ACT_ALLOW, SCMP_SYS(name_to_handle_at), 0, NULL);
    }
    limit_sockets(f, sandbox->keep_rights);
    limit_clone(f, sandbox->threads);
    for (size_t i = 0; i < VG_ARRAY_LEN(HOSTILE_WORKER); i++)
        if (!LINUX_SANITIZERS ||
            (HOSTILE_WORKER[i] != SCMP_SYS(fork) && HOSTILE_WORKER[i] != SCMP_SYS(vfork)))
            add(f, SCMP_ACT_KILL_PROCESS, HOSTILE_WORKER[i], 0, NULL);
}

enum vg_err
linux_seccomp_enter(const struct platform_sandbox *sandbox, bool files)
{
    struct filter f = {.ctx =
                           seccomp_init(sandbox->network ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM))};
    int rc;

    if (f.ctx == NULL)
        return VG_ERR_NOMEM;
    if (!sandbox->network)
        worker_rules(&f, sandbox, files);
    add_all(&f, SCMP_ACT_KILL_PROCESS, HOSTILE, VG_ARRAY_LEN(HOSTILE));
    rc = f.failed;
    if (rc == 0)
        rc = seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_TSYNC, sandbox->network ? 1 : 0);
    if (rc == 0) /* a search tree: the frequent calls are not behind a long list */
        (void)seccomp_attr_set(f.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0)
        rc = seccomp_load(f.ctx);
    seccomp_release(f.ctx);
    return rc == 0 ? VG_OK : linux_err(-rc);
}
