/* SPDX-License-Identifier: Apache-2.0 */
/* Watching folders, by inotify or with the drive that they lie on (linux_drives.c). Events are only a hint
 * that something moved: whoever watches looks again, so a queue overflow loses nothing. */
#include "agent/platform/linux.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/slice.h"

struct platform_watch {
    int fd, both; /* both: inotify and drives as one; -1: inotify alone */
    struct linux_drives *drives;
    size_t by_folder;
    uint64_t overflows;
};

enum vg_err
platform_watch_new(struct platform_watch **out)
{
    struct platform_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return VG_ERR_NOMEM;
    watch->both = -1;
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
    linux_drives_free(watch->drives);
    linux_close(watch->both);
    linux_close(watch->fd);
    free(watch);
}

enum vg_err
platform_watch_drives(struct platform_watch *watch, platform_file drives)
{
    struct epoll_event event = {.events = EPOLLIN};
    enum vg_err err = linux_drives_new((int)drives, &watch->drives);

    if (err != VG_OK)
        return err;
    watch->both = epoll_create1(EPOLL_CLOEXEC);
    if (watch->both >= 0 && epoll_ctl(watch->both, EPOLL_CTL_ADD, watch->fd, &event) == 0 &&
        epoll_ctl(watch->both, EPOLL_CTL_ADD, (int)drives, &event) == 0)
        return VG_OK;
    err = linux_errno();
    linux_close(watch->both);
    linux_drives_free(watch->drives);
    watch->both = -1;
    watch->drives = NULL;
    return err;
}

void
platform_watch_begin(struct platform_watch *watch)
{
    watch->by_folder = 0;
    if (watch->drives != NULL)
        linux_drives_forget(watch->drives);
}

enum vg_err
platform_watch_add(struct platform_watch *watch, const char *folder)
{
    const uint32_t mask = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
                          IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

    if (watch->drives != NULL && linux_drives_add(watch->drives, folder) == VG_OK)
        return VG_OK;
    if (watch->by_folder >= PLATFORM_WATCH_FOLDERS)
        return VG_ERR_LIMIT;
    if (inotify_add_watch(watch->fd, folder, mask) < 0)
        return linux_errno();
    watch->by_folder++;
    return VG_OK;
}

platform_handle
platform_watch_handle(const struct platform_watch *watch)
{
    return watch->both >= 0 ? watch->both : watch->fd;
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

enum platform_watch_news
platform_watch_drain(struct platform_watch *watch)
{
    enum platform_watch_news news = PLATFORM_WATCH_QUIET;
    char events[8192];
    ssize_t n;

    if (watch->drives != NULL)
        news = linux_drives_drain(watch->drives);

    while ((n = read(watch->fd, events, sizeof events)) > 0) {
        count_overflows(watch, slice_of(events, (size_t)n));
        news = PLATFORM_WATCH_HERE;
    }
    return news;
}

struct platform_watch_counts
platform_watch_counts(const struct platform_watch *watch)
{
    struct platform_watch_counts n = {.by_folder = watch->by_folder, .overflows = watch->overflows};

    if (watch->drives != NULL) {
        n.by_drive = linux_drives_count(watch->drives);
        n.overflows += linux_drives_overflows(watch->drives);
    }
    return n;
}
