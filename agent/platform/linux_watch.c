/* SPDX-License-Identifier: Apache-2.0 */
/* Watching folders by inotify. Events are only a hint that something moved: whoever watches looks
 * again, so a queue overflow loses nothing. */
#include "agent/platform/linux.h"

#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

struct platform_watch {
    int fd;
};

enum vg_err
platform_watch_new(struct platform_watch **out)
{
    struct platform_watch *watch = malloc(sizeof *watch);

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

bool
platform_watch_drain(struct platform_watch *watch)
{
    char events[8192]; /* never looked into */
    bool any = false;

    while (read(watch->fd, events, sizeof events) > 0)
        any = true;
    return any;
}
