/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 1024 };

enum vg_err
files_read(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t chunk[4096];
    size_t total = 0;
    ssize_t n = 0;
    enum vg_err err = VG_OK;

    if (fd < 0)
        return errno == ENOENT ? VG_ERR_NOENT : VG_ERR_SYS;
    while (err == VG_OK && (n = read(fd, chunk, sizeof chunk)) > 0) {
        total += (size_t)n;
        buf_put(out, chunk, (size_t)n);
        if (total > max || out->bad)
            err = VG_ERR_LIMIT;
    }
    if (n < 0)
        err = VG_ERR_SYS;
    (void)close(fd);
    return err;
}

static bool
write_all(int fd, struct slice content)
{
    while (content.left > 0) {
        ssize_t n = write(fd, content.at, content.left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        slice_skip(&content, (size_t)n);
    }
    return fsync(fd) == 0;
}

static enum vg_err
sync_folder_of(const char *path)
{
    char folder[PATH_BYTES];
    char *slash;
    int fd;
    enum vg_err err;

    if (!vg_strcpy(folder, sizeof folder, path))
        return VG_ERR_LIMIT;
    slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return VG_ERR_SYS;
    err = fsync(fd) == 0 ? VG_OK : VG_ERR_SYS;
    (void)close(fd);
    return err;
}

enum vg_err
files_replace(const char *path, struct slice content, bool secret)
{
    char fresh[PATH_BYTES];
    int fd, n = snprintf(fresh, sizeof fresh, "%s.new", path);
    bool ok;

    if (n < 0 || (size_t)n >= sizeof fresh)
        return VG_ERR_LIMIT;
    (void)unlink(fresh);
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (fd < 0)
        return VG_ERR_SYS;
    ok = write_all(fd, content);
    ok = close(fd) == 0 && ok;
    if (!ok || rename(fresh, path) != 0) {
        (void)unlink(fresh);
        return VG_ERR_SYS;
    }
    return sync_folder_of(path);
}

enum vg_err
files_folder(const char *path)
{
    char part[PATH_BYTES];

    if (!vg_strcpy(part, sizeof part, path))
        return VG_ERR_LIMIT;
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return VG_ERR_SYS;
        *p = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST ? VG_OK : VG_ERR_SYS;
}
