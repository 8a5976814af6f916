/* SPDX-License-Identifier: Apache-2.0 */
/* Who writes files, by fanotify(7): the kernel says which process closed which file that it had open to
 * write. */
#include "agent/platform/linux.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include "common/slice.h"

enum { WRITERS_BUFFER = 8192 };

struct platform_writers {
    int fd;
    struct slice left; /* of the buffer */
    uint64_t overflows;
    uint8_t buffer[WRITERS_BUFFER];
};

enum vg_err
platform_writers_new(platform_file drives, struct platform_writers **out)
{
    struct platform_writers *w = calloc(1, sizeof *w);

    if (w == NULL) {
        linux_close((int)drives);
        return VG_ERR_NOMEM;
    }
    w->fd = (int)drives;
    *out = w;
    return VG_OK;
}

void
platform_writers_free(struct platform_writers *writers)
{
    struct platform_written rest;

    if (writers == NULL)
        return;
    while (writers->left.left > 0 && platform_writers_next(writers, &rest) == VG_OK)
        ;
    linux_close(writers->fd);
    free(writers);
}

platform_handle
platform_writers_handle(const struct platform_writers *writers)
{
    return writers->fd;
}

uint64_t
platform_writers_overflows(const struct platform_writers *writers)
{
    return writers->overflows;
}

static bool
place_of(int fd, char *out, size_t size)
{
    char link[64];
    ssize_t n;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 && (size_t)n < size - 1;
}

enum vg_err
platform_writers_next(struct platform_writers *writers, struct platform_written *out)
{
    struct fanotify_event_metadata event;
    ssize_t n;

    for (;;) {
        bool good;

        if (writers->left.left == 0) {
            n = read(writers->fd, writers->buffer, sizeof writers->buffer);
            if (n <= 0)
                return n == 0 ? VG_AGAIN : linux_errno();
            writers->left = slice_of(writers->buffer, (size_t)n);
        }
        if (!slice_copy(&writers->left, &event, sizeof event) ||
            event.vers != FANOTIFY_METADATA_VERSION || event.event_len < sizeof event) {
            writers->left = slice_of(NULL, 0);
            return VG_ERR_FORMAT;
        }
        slice_skip(&writers->left, event.event_len - sizeof event);
        writers->overflows += (event.mask & FAN_Q_OVERFLOW) != 0;
        if (event.fd < 0)
            continue;
        out->pid = event.pid;
        good = event.pid != getpid() && platform_file_stat(event.fd, &out->stat) == VG_OK &&
               out->stat.regular && place_of(event.fd, out->path, sizeof out->path);
        linux_close(event.fd);
        if (good)
            return VG_OK;
    }
}
