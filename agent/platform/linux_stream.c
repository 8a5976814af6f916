/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between our processes: unix socket pairs, one file alongside the bytes; and waiting. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/vtime.h"

enum { WAIT_HANDLES_MAX = 32, FILES_AT_ONCE = 4 };

void
platform_stream_close(platform_stream stream)
{
    linux_close((int)stream);
}

/* Takes the descriptors of a message: the first into *file, all others are closed. */
static void
take_files(struct msghdr *message, platform_file *file)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        size_t count;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (file != NULL && *file == PLATFORM_NO_HANDLE)
                *file = fd;
            else
                linux_close(fd);
        }
    }
}

enum vg_err
platform_stream_read(platform_stream stream, void *to, size_t size, size_t *n, platform_file *file)
{
    union {
        char bytes[CMSG_SPACE(FILES_AT_ONCE * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec piece = {.iov_base = to, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got;

    do {
        got = recvmsg((int)stream, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    *n = 0;
    if (file != NULL)
        *file = PLATFORM_NO_HANDLE;
    if (got < 0)
        return errno == ECONNRESET ? VG_END : linux_errno();
    take_files(&message, file);
    if (got == 0)
        return VG_END;
    *n = (size_t)got;
    return VG_OK;
}

enum vg_err
platform_stream_write(platform_stream stream, const void *from, size_t size, size_t *n,
                      platform_file file)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec piece = {.iov_base = (void *)(uintptr_t)from, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t sent;

    if (file != PLATFORM_NO_HANDLE) {
        int fd = (int)file;
        struct cmsghdr *c;

        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    do {
        sent = sendmsg((int)stream, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    *n = 0;
    if (sent < 0)
        return errno == EPIPE || errno == ECONNRESET ? VG_END : linux_errno();
    *n = (size_t)sent;
    return VG_OK;
}

enum vg_err
platform_wait(const platform_handle *handles, size_t count, unsigned want_write, int64_t wait_ns,
              unsigned *ready)
{
    struct pollfd polls[WAIT_HANDLES_MAX];
    int64_t until = platform_clock_monotonic() + wait_ns;
    int found;

    if (count > WAIT_HANDLES_MAX)
        return VG_ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = (int)handles[i],
                                   .events = (want_write & 1u << i) != 0 ? POLLOUT : POLLIN};
    for (;;) {
        int64_t left = wait_ns > 0 ? until - platform_clock_monotonic() : wait_ns;
        struct timespec time = {0};

        if (wait_ns > 0 && left > 0)
            time = (struct timespec){.tv_sec = (time_t)(left / VG_SEC_NS),
                                     .tv_nsec = (long)(left % VG_SEC_NS)};
        found = ppoll(polls, (nfds_t)count, wait_ns < 0 ? NULL : &time, NULL);
        if (found >= 0)
            break;
        if (errno != EINTR)
            return linux_errno();
    }
    *ready = 0;
    for (size_t i = 0; i < count; i++)
        if (polls[i].revents != 0)
            *ready |= 1u << i;
    return VG_OK;
}
