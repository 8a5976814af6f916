/* SPDX-License-Identifier: Apache-2.0 */
/* The program behind a socket: sock_diag(7) names its inode, /proc who holds it. */
#include "agent/platform/linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/vtime.h"

enum {
    ANSWER_MS = 500,
    PROCESSES_MAX = 32768,
    DESCRIPTORS_MAX = 65536,
    DESCRIPTORS_AT_ONCE = 1024
};

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};

struct found {
    uint32_t inode, uid;
};

static enum vg_err
read_answer(int fd, struct found *out)
{
    union {
        char bytes[8192];
        struct nlmsghdr head;
    } answer;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    struct inet_diag_msg message;
    ssize_t n;

    if (poll(&waiting, 1, ANSWER_MS) != 1)
        return VG_ERR_NOENT;
    n = recv(fd, answer.bytes, sizeof answer.bytes, MSG_DONTWAIT);
    if (n < 0)
        return linux_errno();
    if (!NLMSG_OK(&answer.head, (size_t)n) || answer.head.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        answer.head.nlmsg_len < NLMSG_LENGTH(sizeof message))
        return VG_ERR_NOENT;
    memcpy(&message, NLMSG_DATA(&answer.head), sizeof message);
    if (message.idiag_inode == 0)
        return VG_ERR_NOENT;
    *out = (struct found){.inode = message.idiag_inode, .uid = message.idiag_uid};
    return VG_OK;
}

static enum vg_err
ask(const struct question *question, struct found *out)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    enum vg_err err;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd < 0)
        return linux_errno();
    if (sendto(fd, question, sizeof *question, MSG_NOSIGNAL, (const struct sockaddr *)&kernel,
               sizeof kernel) < 0)
        err = linux_errno();
    else
        err = read_answer(fd, out);
    linux_close(fd);
    return err;
}

static bool
all_digits(const char *name)
{
    return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

/* Whether one of these descriptors is the socket. The newest have the highest numbers. */
static bool
any_is_socket(int dir, const int *fds, size_t count, const char *wanted)
{
    char name[16], target[64];

    while (count-- > 0) {
        ssize_t n;

        (void)snprintf(name, sizeof name, "%d", fds[count]);
        n = readlinkat(dir, name, target, sizeof target - 1);
        if (n <= 0)
            continue;
        target[n] = '\0';
        if (strcmp(target, wanted) == 0)
            return true;
    }
    return false;
}

/* Whether one of the process's descriptors is the socket. */
static bool
holds_socket(const char *pid, const char *wanted)
{
    const struct dirent *entry;
    int fds[DESCRIPTORS_AT_ONCE];
    char path[64];
    bool held = false;
    DIR *dir;

    (void)snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    dir = opendir(path);
    if (dir == NULL)
        return false;
    for (unsigned i = 0; i < DESCRIPTORS_MAX && !held; i += DESCRIPTORS_AT_ONCE) {
        size_t count = 0;

        while (count < DESCRIPTORS_AT_ONCE && (entry = readdir(dir)) != NULL)
            if (all_digits(entry->d_name))
                fds[count++] = (int)strtol(entry->d_name, NULL, 10);
        held = any_is_socket(dirfd(dir), fds, count, wanted);
        if (count < DESCRIPTORS_AT_ONCE)
            break;
    }
    (void)closedir(dir);
    return held;
}

/* Most sockets belong to the few programs that opened the last ones. */
static bool
held_by_recent(const struct platform_holders *recent, const char *wanted, char pid[24])
{
    for (size_t i = 0; i < PLATFORM_HOLDERS && recent->pid[i] != 0; i++) {
        (void)snprintf(pid, 24, "%lld", (long long)recent->pid[i]);
        if (holds_socket(pid, wanted))
            return true;
    }
    return false;
}

static void
remember_holder(struct platform_holders *recent, const char *pid)
{
    int64_t number = strtoll(pid, NULL, 10);
    size_t i = 0;

    while (i < PLATFORM_HOLDERS - 1 && recent->pid[i] != number && recent->pid[i] != 0)
        i++;
    memmove(&recent->pid[1], &recent->pid[0], i * sizeof recent->pid[0]);
    recent->pid[0] = number;
}

static enum vg_err
find_holder(struct platform_holders *recent, uint32_t inode, char pid[24])
{
    char wanted[40];
    enum vg_err err = VG_ERR_NOENT;
    DIR *dir;

    (void)snprintf(wanted, sizeof wanted, "socket:[%u]", inode);
    if (held_by_recent(recent, wanted, pid)) {
        remember_holder(recent, pid);
        return VG_OK;
    }
    dir = opendir("/proc");
    if (dir == NULL)
        return linux_errno();
    for (unsigned i = 0; i < PROCESSES_MAX && err != VG_OK; i++) {
        const struct dirent *entry = readdir(dir);

        if (entry == NULL)
            break;
        if (all_digits(entry->d_name) && holds_socket(entry->d_name, wanted)) {
            (void)vg_strcpy(pid, 24, entry->d_name);
            err = VG_OK;
        }
    }
    (void)closedir(dir);
    if (err == VG_OK)
        remember_holder(recent, pid);
    return err;
}

/* Only the file: other name services would ask over a socket, which the host worker may not. */
void
platform_user_name(uint32_t uid, char *out, size_t size)
{
    FILE *file = fopen(PLATFORM_USERS, "re");
    const struct passwd *entry;

    (void)snprintf(out, size, "%u", uid);
    if (file == NULL)
        return;
    while ((entry = fgetpwent(file)) != NULL)
        if (entry->pw_uid == uid) {
            (void)vg_strcpy(out, size, entry->pw_name);
            break;
        }
    (void)fclose(file);
}

static void
describe(const char *pid, struct platform_owner *out)
{
    char path[64];
    struct buf name;
    ssize_t n;

    out->pid = strtoll(pid, NULL, 10);
    (void)snprintf(path, sizeof path, "/proc/%s/exe", pid);
    n = readlink(path, out->path, sizeof out->path - 1);
    out->path[n > 0 ? n : 0] = '\0';
    (void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
    if (platform_file_slurp(path, 256, &name) != VG_OK)
        return;
    if (buf_str(&name) != NULL) {
        (void)vg_strcpy(out->name, sizeof out->name, buf_str(&name));
        out->name[strcspn(out->name, "\n")] = '\0';
    }
    buf_done(&name);
}

void
platform_process_name(int64_t pid, struct platform_owner *out)
{
    char digits[24];

    *out = (struct platform_owner){0};
    (void)snprintf(digits, sizeof digits, "%lld", (long long)pid);
    describe(digits, out);
}

/* A program that opens many sockets is looked at once a second. */
static void
describe_known(struct platform_holders *recent, const char *pid, uint32_t uid,
               struct platform_owner *out)
{
    int64_t now_ns = platform_clock_monotonic();
    struct platform_owner owner = {0};

    if (recent->last.pid != strtoll(pid, NULL, 10) || recent->last_user != uid ||
        now_ns - recent->last_ns > VG_SEC_NS) {
        describe(pid, &owner);
        platform_user_name(uid, owner.user, sizeof owner.user);
        recent->last = owner;
        recent->last_user = uid;
        recent->last_ns = now_ns;
    }
    *out = recent->last;
}

enum vg_err
platform_socket_owner(struct platform_holders *recent, bool tcp, bool v6, const uint8_t local[16],
                      uint16_t local_port, const uint8_t remote[16], uint16_t remote_port,
                      struct platform_owner *out)
{
    struct question question = {
        .head = {.nlmsg_len = sizeof question,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = v6 ? AF_INET6 : AF_INET,
                 .sdiag_protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP,
                 .idiag_states = ~0u,
                 .id = {.idiag_sport = htons(local_port),
                        .idiag_dport = htons(remote_port),
                        .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    struct found found;
    char pid[24];
    size_t size = v6 ? 16 : 4;
    enum vg_err err;

    memcpy(question.body.id.idiag_src, local, size);
    memcpy(question.body.id.idiag_dst, remote, size);
    err = ask(&question, &found);
    if (err == VG_ERR_NOENT && !tcp) {
        /* The kernel looks datagram sockets up the other way round, as for an arriving packet. */
        memcpy(question.body.id.idiag_src, remote, size);
        memcpy(question.body.id.idiag_dst, local, size);
        question.body.id.idiag_sport = htons(remote_port);
        question.body.id.idiag_dport = htons(local_port);
        err = ask(&question, &found);
    }
    if (err == VG_OK)
        err = find_holder(recent, found.inode, pid);
    if (err != VG_OK)
        return err;
    describe_known(recent, pid, found.uid, out);
    return VG_OK;
}

enum vg_err
platform_program_open(int64_t pid, platform_file *out)
{
    char path[64];
    platform_file file;
    struct statfs system;
    enum vg_err err;

    (void)snprintf(path, sizeof path, "/proc/%lld/exe", (long long)pid);
    err = platform_file_open(path, &file);
    if (err != VG_OK)
        return err;
    if (fstatfs((int)file, &system) != 0 || system.f_type == FUSE_SUPER_MAGIC) {
        platform_file_close(file); /* whoever made that file system could let us wait for ever */
        return VG_ERR_DENIED;
    }
    *out = file;
    return VG_OK;
}
