/* SPDX-License-Identifier: Apache-2.0 */
/* Watching folders by inotify. Events are only a hint that something moved: whoever watches looks
 * again, so a queue overflow loses nothing. */
#include "agent/platform/linux.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/slice.h"

struct platform_watch {
    int fd;
    uint64_t overflows;
};

enum vg_err
platform_watch_new(struct platform_watch **out)
{
    struct platform_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return VG_ERR_NOMEM;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        enum vg_err err = linux_errno();

        free(watch);
        return err;
    }
    *out = watch;
    return VG_OK;
}

void
platform_watch_free(struct platform_watch *watch)
{
    if (watch == NULL)
        return;
    linux_close(watch->fd);
    free(watch);
}

enum vg_err
platform_watch_add(struct platform_watch *watch, const char *folder)
{
    const uint32_t mask = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                          IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

    return inotify_add_watch(watch->fd, folder, mask) >= 0 ? VG_OK : linux_errno();
}

platform_handle
platform_watch_handle(const struct platform_watch *watch)
{
    return watch->fd;
}

/* Of each event only the head counts: what it is about is looked up. */
static void
count_overflows(struct platform_watch *watch, struct slice in)
{
    while (in.left >= sizeof(struct inotify_event)) {
        struct inotify_event event;

        (void)slice_copy(&in, &event, sizeof event);
        slice_skip(&in, event.len);
        watch->overflows += (event.mask & IN_Q_OVERFLOW) != 0;
    }
}

bool
platform_watch_drain(struct platform_watch *watch)
{
    char events[8192];
    bool any = false;
    ssize_t n;

    while ((n = read(watch->fd, events, sizeof events)) > 0) {
        count_overflows(watch, slice_of(events, (size_t)n));
        any = true;
    }
    return any;
}

uint64_t
platform_watch_overflows(const struct platform_watch *watch)
{
    return watch->overflows;
}
