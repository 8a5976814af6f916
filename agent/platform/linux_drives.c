/* SPDX-License-Identifier: Apache-2.0 */
/* What happens on whole drives, by fanotify(7). Opening and marking take CAP_SYS_ADMIN; reading takes
 * nothing. For folders the kernel (5.9) names the folder alone, by the handle that name_to_handle_at(2)
 * gives, and makes one of all that one program did in it; nothing of it can be opened. */
#include "agent/platform/linux.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/slice.h"
#include "common/str.h"

enum { DRIVES_MAX = 32, EVENTS_BYTES = 16 * 1024, FIRST_ROOM = 256, FDINFO_MAX = 16 * 1024 };

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200 /* since Linux 6.5: of a file system that opens no handles */
#endif

struct linux_drives {
    int fd, marks; /* marks: the kernel's word on what fd has, open since before the lock-down */
    dev_t drive[DRIVES_MAX];
    size_t drives;
    uint64_t *folder; /* hashes of handles */
    size_t count, room;
    bool sorted;
    uint64_t overflows;
};

/* ---- with the right ---- */

static enum vg_err
mark(int fd, enum platform_drive_news news, const char *folder)
{
    /* What is created and moved there, and the folder itself; not each write, of which there are many. */
    const uint64_t folders = FAN_CLOSE_WRITE | FAN_CREATE | FAN_MOVED_TO | FAN_ATTRIB |
                             FAN_DELETE_SELF | FAN_MOVE_SELF | FAN_ONDIR;
    const uint64_t mask = news == PLATFORM_DRIVE_FOLDERS ? folders : FAN_CLOSE_WRITE;

    if (fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, folder) == 0)
        return VG_OK;
    if (news == PLATFORM_DRIVE_WRITERS && /* before Linux 4.20 */
        fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MOUNT, mask, AT_FDCWD, folder) == 0)
        return VG_OK;
    return linux_errno();
}

enum vg_err
platform_drives_open(enum platform_drive_news news, const char *const *folders, size_t count,
                     platform_file *out)
{
    const unsigned report = news == PLATFORM_DRIVE_FOLDERS ? FAN_REPORT_DIR_FID : 0;
    enum vg_err err = VG_ERR_NOENT;
    size_t marked = 0;
    int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | report,
                           O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NONBLOCK);

    if (fd < 0)
        return linux_errno();
    for (size_t i = 0; i < count; i++) {
        enum vg_err one = folders[i] != NULL ? mark(fd, news, folders[i]) : VG_ERR_NOENT;

        marked += one == VG_OK;
        if (one != VG_ERR_NOENT)
            err = one;
    }
    if (marked == 0) {
        linux_close(fd);
        return err;
    }
    *out = fd;
    return VG_OK;
}

/* ---- without ---- */

/* Which drives are marked, the kernel says (proc(5), fdinfo of fanotify). One that is unmounted is marked no
 * more, though what is mounted next may well have its number. */
static enum vg_err
read_drives(struct linux_drives *d)
{
    char text[FDINFO_MAX], *rest = NULL;
    size_t got = 0;
    enum vg_err err = platform_file_read(d->marks, 0, text, sizeof text - 1, &got);

    d->drives = 0;
    if (err != VG_OK)
        return err;
    text[got] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        unsigned device;

        /* As the kernel counts it: twelve bits and twenty. */
        if (sscanf(line, "fanotify sdev:%x ", &device) == 1 && d->drives < DRIVES_MAX)
            d->drive[d->drives++] = makedev(device >> 20, device & 0xfffff);
    }
    return d->drives > 0 ? VG_OK : VG_ERR_NOENT;
}

enum vg_err
linux_drives_new(int fd, struct linux_drives **out)
{
    struct linux_drives *d = calloc(1, sizeof *d);
    char path[64];
    enum vg_err err;

    if (d == NULL) {
        linux_close(fd);
        return VG_ERR_NOMEM;
    }
    d->fd = fd;
    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    d->marks = open(path, O_RDONLY | O_CLOEXEC);
    err = d->marks >= 0 ? read_drives(d) : linux_errno();
    if (err != VG_OK) {
        linux_drives_free(d);
        return err;
    }
    *out = d;
    return VG_OK;
}

void
linux_drives_free(struct linux_drives *d)
{
    if (d == NULL)
        return;
    linux_close(d->marks);
    linux_close(d->fd);
    free(d->folder);
    free(d);
}

int
linux_drives_handle(const struct linux_drives *d)
{
    return d->fd;
}

uint64_t
linux_drives_overflows(const struct linux_drives *d)
{
    return d->overflows;
}

void
linux_drives_forget(struct linux_drives *d)
{
    d->count = 0;
    (void)!read_drives(d); /* none: each folder is watched by itself */
}

size_t
linux_drives_count(const struct linux_drives *d)
{
    return d->count;
}

static uint64_t
hash_of(int type, const void *handle, size_t len)
{
    return str_hash(&STR_HASH_STORED, handle, len) ^ (uint64_t)(uint32_t)type;
}

static enum vg_err
handle_of(const char *folder, uint64_t *hash)
{
    static const int how[] = {AT_SYMLINK_FOLLOW, AT_SYMLINK_FOLLOW | AT_HANDLE_FID};
    union {
        struct file_handle head;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } h;

    for (size_t i = 0; i < VG_ARRAY_LEN(how); i++) {
        int mount;

        h.head.handle_bytes = MAX_HANDLE_SZ;
        if (name_to_handle_at(AT_FDCWD, folder, &h.head, &mount, how[i]) == 0) {
            *hash = hash_of(h.head.handle_type, h.head.f_handle, h.head.handle_bytes);
            return VG_OK;
        }
    }
    return linux_errno();
}

static bool
make_room(struct linux_drives *d)
{
    size_t room = d->room > 0 ? 2 * d->room : FIRST_ROOM;
    uint64_t *more;

    if (d->count < d->room)
        return true;
    more = room <= PLATFORM_WATCH_DRIVE_FOLDERS ? realloc(d->folder, room * sizeof *more) : NULL;
    if (more == NULL)
        return false;
    d->folder = more;
    d->room = room;
    return true;
}

enum vg_err
linux_drives_add(struct linux_drives *d, const char *folder)
{
    struct stat st;
    uint64_t hash = 0;
    bool marked = false;
    enum vg_err err;

    if (stat(folder, &st) != 0)
        return linux_errno();
    for (size_t i = 0; i < d->drives; i++)
        marked |= d->drive[i] == st.st_dev;
    if (!marked)
        return VG_ERR_NOENT;
    err = handle_of(folder, &hash);
    if (err != VG_OK)
        return err;
    if (!make_room(d))
        return VG_ERR_LIMIT;
    d->folder[d->count++] = hash;
    d->sorted = false;
    return VG_OK;
}

static int
order(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Of one event: whether it names a folder that was added. */
static bool
is_ours(const struct linux_drives *d, struct slice info)
{
    while (info.left > 0) {
        struct fanotify_event_info_header head;
        struct file_handle handle;
        struct slice one;
        const uint8_t *bytes;
        uint64_t hash;

        if (!slice_copy(&info, &head, sizeof head) || head.len < sizeof head)
            return true; /* never seen; looking again does no harm */
        one = slice_sub(&info, head.len - sizeof head);
        slice_skip(&one, sizeof(__kernel_fsid_t));
        if (!slice_copy(&one, &handle, sizeof handle))
            return true;
        bytes = slice_take(&one, handle.handle_bytes);
        if (bytes == NULL)
            return true;
        hash = hash_of(handle.handle_type, bytes, handle.handle_bytes);
        if (d->count > 0 && bsearch(&hash, d->folder, d->count, sizeof hash, order) != NULL)
            return true;
    }
    return false;
}

static enum platform_watch_news
look(struct linux_drives *d, struct slice in)
{
    bool here = false;

    while (in.left > 0) {
        struct fanotify_event_metadata event;

        if (!slice_copy(&in, &event, sizeof event) || event.vers != FANOTIFY_METADATA_VERSION ||
            event.event_len < sizeof event || event.metadata_len != sizeof event)
            return PLATFORM_WATCH_HERE;
        if ((event.mask & FAN_Q_OVERFLOW) != 0) {
            d->overflows++;
            here = true;
        }
        here |= is_ours(d, slice_sub(&in, event.event_len - sizeof event));
    }
    return here ? PLATFORM_WATCH_HERE : PLATFORM_WATCH_ELSEWHERE;
}

enum platform_watch_news
linux_drives_drain(struct linux_drives *d)
{
    enum platform_watch_news news = PLATFORM_WATCH_QUIET;
    _Alignas(8) char events[EVENTS_BYTES];
    ssize_t n;

    if (!d->sorted && d->count > 0)
        qsort(d->folder, d->count, sizeof *d->folder, order);
    d->sorted = true;
    while ((n = read(d->fd, events, sizeof events)) > 0) {
        enum platform_watch_news one = look(d, slice_of(events, (size_t)n));

        if (one > news)
            news = one;
    }
    return news;
}
