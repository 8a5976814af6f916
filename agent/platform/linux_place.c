/* SPDX-License-Identifier: Apache-2.0 */
/* A file held by its folder and by itself, so that it can be taken away, or put back, without anybody
 * leading us elsewhere meanwhile: each folder of the path is opened by itself and no link is followed;
 * what is renamed or removed is looked at first under a name that nobody else uses. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/vtime.h"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Into one folder more; `at` is closed. -1 with errno. */
static int
step_into(int at, const char *name)
{
    int next = openat(at, name, FOLDER_FLAGS);

    if (next < 0 && errno == ENOTDIR) /* what a link is called here */
        errno = ELOOP;
    linux_close(at);
    return next;
}

static bool
name_fine(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           strlen(name) <= PLATFORM_NAME_MAX;
}

/* The folder that holds `path`, and its last name. */
static enum vg_err
open_folder(const char *path, int *folder, char name[PLATFORM_NAME_MAX + 1])
{
    char copy[PATH_MAX], *rest = copy, *part, *next;
    int at;

    if (path[0] != '/')
        return VG_ERR_DENIED;
    if (!vg_strcpy(copy, sizeof copy, path))
        return VG_ERR_LIMIT;
    at = open("/", FOLDER_FLAGS);
    part = strtok_r(copy, "/", &rest);
    while (at >= 0 && part != NULL && (next = strtok_r(NULL, "/", &rest)) != NULL) {
        if (!name_fine(part)) {
            linux_close(at);
            return VG_ERR_DENIED;
        }
        at = step_into(at, part);
        part = next;
    }
    if (at < 0)
        return linux_errno();
    if (part == NULL || !name_fine(part)) {
        linux_close(at);
        return VG_ERR_DENIED;
    }
    (void)vg_strcpy(name, PLATFORM_NAME_MAX + 1, part);
    *folder = at;
    return VG_OK;
}

static enum vg_err
look(int fd, struct platform_stat *stat, struct platform_dress *dress)
{
    struct stat st;
    enum vg_err err = platform_file_stat(fd, stat);

    if (err != VG_OK)
        return err;
    if (fstat(fd, &st) != 0)
        return linux_errno();
    *dress = (struct platform_dress){.owner = st.st_uid,
                                     .group = st.st_gid,
                                     .mode = st.st_mode & 07777u,
                                     .names = (uint32_t)st.st_nlink,
                                     .modified_ns = stat->modified_ns,
                                     .used_ns = (int64_t)st.st_atim.tv_sec * VG_SEC_NS +
                                                (int64_t)st.st_atim.tv_nsec};
    return VG_OK;
}

enum vg_err
platform_place_folder(const char *path, struct platform_place *out)
{
    int folder = -1;
    enum vg_err err;

    *out = (struct platform_place){.folder = PLATFORM_NO_HANDLE, .file = PLATFORM_NO_HANDLE};
    err = open_folder(path, &folder, out->name);
    if (err == VG_OK)
        out->folder = folder;
    return err;
}

enum vg_err
platform_place_open(const char *path, struct platform_place *out)
{
    enum vg_err err = platform_place_folder(path, out);
    int fd;

    if (err != VG_OK)
        return err;
    fd = openat((int)out->folder, out->name,
                O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        err = linux_errno();
    out->file = fd < 0 ? PLATFORM_NO_HANDLE : fd;
    if (err == VG_OK)
        err = look(fd, &out->stat, &out->dress);
    if (err == VG_OK && !out->stat.regular)
        err = VG_ERR_DENIED;
    if (err != VG_OK)
        platform_place_close(out);
    return err;
}

void
platform_place_close(struct platform_place *place)
{
    linux_close((int)place->file);
    linux_close((int)place->folder);
    place->file = place->folder = PLATFORM_NO_HANDLE;
}

enum vg_err
platform_place_look(struct platform_place *place)
{
    return look((int)place->file, &place->stat, &place->dress);
}

bool
platform_place_writable(const struct platform_place *place)
{
    return faccessat((int)place->folder, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

/* A lease to read is given while nobody has the file open to write; it is given back at once. Who opens the
 * file in between waits that long, and sends us a SIGIO, which would end us. */
bool
platform_place_in_use(const struct platform_place *place)
{
    int fd = (int)place->file;

    (void)signal(SIGIO, SIG_IGN);
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN; /* not all drives know leases, not everybody may ask */
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool
is_same(int folder, const char *name, const struct platform_place *place)
{
    struct stat st;

    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (uint64_t)st.st_dev == place->stat.identity.volume &&
           (uint64_t)st.st_ino == place->stat.identity.file;
}

enum vg_err
platform_place_aside(struct platform_place *place, const char *aside)
{
    int folder = (int)place->folder;

    if (renameat2(folder, place->name, folder, aside, RENAME_NOREPLACE) != 0)
        return linux_errno();
    if (is_same(folder, aside, place))
        return VG_OK;
    /* Another file had taken its name: that one goes back. */
    return platform_place_back(place, aside) == VG_OK ? VG_ERR_DENIED : VG_ERR_EXISTS;
}

enum vg_err
platform_place_back(struct platform_place *place, const char *aside)
{
    int folder = (int)place->folder;

    return renameat2(folder, aside, folder, place->name, RENAME_NOREPLACE) == 0 ? VG_OK
                                                                                : linux_errno();
}

enum vg_err
platform_place_remove(struct platform_place *place, const char *name)
{
    if (unlinkat((int)place->folder, name, 0) != 0)
        return linux_errno();
    return fsync((int)place->folder) == 0 || errno == EINVAL ? VG_OK : linux_errno();
}

enum vg_err
platform_place_make(struct platform_place *place, const char *name, platform_file *out)
{
    int fd =
        openat((int)place->folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return linux_errno();
    *out = fd;
    return VG_OK;
}

bool
platform_place_holds(const struct platform_place *place, const char *name)
{
    struct stat st;

    return fstatat((int)place->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct timespec
time_of(int64_t ns)
{
    int64_t seconds = ns / VG_SEC_NS - (ns % VG_SEC_NS < 0);

    return (struct timespec){.tv_sec = (time_t)seconds,
                             .tv_nsec = (long)(ns - seconds * VG_SEC_NS)};
}

/* The mode last: a change of owner takes some bits away, and until then nobody else may read it. */
enum vg_err
platform_place_finish(struct platform_place *place, const char *name, platform_file file,
                      const struct platform_dress *dress)
{
    const struct timespec times[2] = {time_of(dress->used_ns), time_of(dress->modified_ns)};
    int fd = (int)file, folder = (int)place->folder;

    if (fchown(fd, dress->owner, dress->group) != 0 || fchmod(fd, dress->mode & 0777u) != 0 ||
        futimens(fd, times) != 0 || fsync(fd) != 0 ||
        renameat2(folder, name, folder, place->name, RENAME_NOREPLACE) != 0)
        return linux_errno();
    return fsync(folder) == 0 || errno == EINVAL ? VG_OK : linux_errno();
}

/* ---- files of our own beside it ---- */

enum vg_err
platform_file_make(const char *path, platform_file *out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return linux_errno();
    *out = fd;
    return VG_OK;
}

enum vg_err
platform_file_sync(platform_file file)
{
    return fsync((int)file) == 0 ? VG_OK : linux_errno();
}

enum vg_err
platform_file_rename(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return linux_errno();
    return linux_sync_parent(to);
}

uint64_t
platform_free_bytes(const char *path)
{
    struct statvfs fs;

    return statvfs(path, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
}
