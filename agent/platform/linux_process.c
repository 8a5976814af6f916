/* SPDX-License-Identifier: Apache-2.0 */
/* Workers: this same program, started again with one stream.
 *
 * Everything that may fail, take a lock or memory happens before fork(); the child makes plain
 * system calls and becomes the program. It is in a process group of its own and deaf to SIGINT and
 * SIGTERM: the keeper alone ends it, so that Ctrl-C in a terminal is an orderly stop. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAM_FD = 3, ENVIRONMENT_MAX = 64, CHILD_FAILED = 127, FD_HIGHEST = 65536 };

struct start {
    const char *const *argv;
    char *environment[ENVIRONMENT_MAX + 1]; /* borrowed texts */
    int stream, null;
    pid_t parent;
    uint64_t caps;
    bool change_user, root;
    uid_t uid;
    gid_t gid;
};

/* A password that the keeper was started with is nothing for a sensor. */
static void
choose_environment(struct start *start)
{
    static const char *const allowed[] = {
        "PATH=",     "HOME=",         "LANG=",          "LC_",          "TZ=", "VIGIA_",
        "NO_COLOR=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "LSAN_OPTIONS="};
    size_t count = 0;

    for (char **at = environ; at != NULL && *at != NULL && count < ENVIRONMENT_MAX; at++)
        for (size_t i = 0; i < VG_ARRAY_LEN(allowed); i++)
            if (strncmp(*at, allowed[i], strlen(allowed[i])) == 0) {
                start->environment[count++] = *at;
                break;
            }
    start->environment[count] = NULL;
}

static void
close_from(unsigned first)
{
    if (syscall(SYS_close_range, first, ~0u, 0) == 0)
        return;
    for (int fd = (int)first; fd < FD_HIGHEST; fd++)
        (void)close(fd);
}

static bool
child_rights(const struct start *start)
{
    if (start->root)
        linux_caps_bound(start->caps); /* root gets back at exec what is in the bounding set */
    if (start->change_user &&
        (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(1, &start->gid) != 0 ||
         setresgid(start->gid, start->gid, start->gid) != 0 ||
         setresuid(start->uid, start->uid, start->uid) != 0))
        return false;
    if (linux_caps_set(start->caps, start->caps, start->caps) != VG_OK)
        return false;
    linux_caps_ambient(start->caps);
    return true;
}

static void
child_signals(void)
{
    sigset_t none;

    (void)sigemptyset(&none);
    for (int signal_number = 1; signal_number < NSIG; signal_number++)
        (void)signal(signal_number, SIG_DFL);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
child_main(const struct start *start)
{
    (void)setpgid(0, 0);
    child_signals();
    /* dup2() clears close-on-exec, except where source and target are the same. */
    if (dup2(start->null, 0) < 0 || dup2(start->null, 1) < 0)
        _exit(CHILD_FAILED);
    if (start->stream == STREAM_FD ? fcntl(STREAM_FD, F_SETFD, 0) < 0
                                   : dup2(start->stream, STREAM_FD) < 0)
        _exit(CHILD_FAILED);
    close_from(STREAM_FD + 1);
    if (!child_rights(start))
        _exit(CHILD_FAILED);
    /* After the change of user, which would clear it; then see whether it came too late. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != start->parent)
        _exit(CHILD_FAILED);
    (void)execve(start->argv[0], (char *const *)(uintptr_t)start->argv, start->environment);
    _exit(CHILD_FAILED);
}

static enum vg_err
choose_user(const char *user, struct start *start)
{
    const struct passwd *entry;

    if (user == NULL || user[0] == '\0' || geteuid() != 0)
        return VG_OK;
    entry = getpwnam(user);
    if (entry == NULL)
        return VG_ERR_NOENT;
    start->uid = entry->pw_uid;
    start->gid = entry->pw_gid;
    start->change_user = start->uid != 0;
    return VG_OK;
}

enum vg_err
platform_child_start(const char *const argv[], unsigned rights, const char *user,
                     struct platform_child *out)
{
    struct start start = {.argv = argv, .stream = -1, .null = -1, .parent = getpid()};
    int pair[2] = {-1, -1};
    pid_t pid;
    enum vg_err err = choose_user(user, &start);

    if (err != VG_OK)
        return err;
    choose_environment(&start);
    start.root = geteuid() == 0;
    start.caps = linux_caps_of_rights(rights) & linux_caps_permitted();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return linux_errno();
    start.stream = pair[1];
    start.null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (start.null < 0)
        goto fail;
    pid = fork();
    if (pid == 0)
        child_main(&start);
    if (pid < 0)
        goto fail;
    linux_close(start.null);
    linux_close(pair[1]);
    *out = (struct platform_child){.pid = pid, .stream = pair[0]};
    return VG_OK;
fail:
    err = linux_errno();
    linux_close(start.null);
    linux_close(pair[0]);
    linux_close(pair[1]);
    return err == VG_AGAIN ? VG_ERR_LIMIT : err;
}

enum vg_err
platform_child_stream(platform_stream *out)
{
    struct stat st;

    if (fstat(STREAM_FD, &st) != 0 || !S_ISSOCK(st.st_mode))
        return VG_ERR_NOENT;
    if (fcntl(STREAM_FD, F_SETFD, FD_CLOEXEC) < 0)
        return linux_errno();
    /* Again, because an exec that changed rights cleared it; the end of the stream tells us, should
     * the parent be gone by now. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return linux_errno();
    *out = STREAM_FD;
    return VG_OK;
}

void
platform_child_kill(const struct platform_child *child)
{
    if (child->pid > 0)
        (void)kill((pid_t)child->pid, SIGKILL);
}

enum vg_err
platform_child_wait(struct platform_child *child, int *status)
{
    int raw = 0;
    pid_t got;

    if (child->pid <= 0)
        return VG_ERR_NOENT;
    do {
        got = waitpid((pid_t)child->pid, &raw, WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got == 0)
        return VG_AGAIN;
    child->pid = 0;
    if (got < 0)
        return linux_errno();
    *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return VG_OK;
}
