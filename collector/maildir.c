/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 1024 };

static enum vg_err
err_of(int number)
{
    return number == ENOSPC || number == EDQUOT ? VG_ERR_LIMIT : VG_ERR_SYS;
}

/* The folder and its three; parents exist. */
static enum vg_err
make_folders(const char *folder)
{
    static const char *const parts[] = {"", "/tmp", "/cur", "/new"};
    char path[PATH_SIZE];
    size_t i;

    for (i = 0; i < VG_ARRAY_LEN(parts); i++) {
        if (snprintf(path, sizeof path, "%s%s", folder, parts[i]) >= PATH_SIZE)
            return VG_ERR_CONFIG;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return err_of(errno);
    }
    return VG_OK;
}

static enum vg_err
sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;

    if (fd >= 0)
        close(fd);
    return failed ? VG_ERR_SYS : VG_OK;
}

static enum vg_err
write_file(const char *path, struct slice content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum vg_err err = VG_OK;

    if (fd < 0)
        return err_of(errno);
    while (err == VG_OK && content.left > 0) {
        ssize_t n = write(fd, content.at, content.left);

        if (n > 0)
            slice_skip(&content, (size_t)n);
        else if (n < 0 && errno != EINTR)
            err = err_of(errno);
    }
    if (err == VG_OK && fsync(fd) != 0)
        err = err_of(errno);
    if (close(fd) != 0 && err == VG_OK)
        err = err_of(errno);
    return err;
}

enum vg_err
maildir_deliver(const char *folder, const char *name, struct slice content)
{
    char aside[PATH_SIZE], target[PATH_SIZE], parent[PATH_SIZE];
    enum vg_err err = make_folders(folder);

    if (err != VG_OK)
        return err;
    if (snprintf(aside, sizeof aside, "%s/tmp/%s", folder, name) >= PATH_SIZE ||
        snprintf(target, sizeof target, "%s/new/%s", folder, name) >= PATH_SIZE ||
        snprintf(parent, sizeof parent, "%s/new", folder) >= PATH_SIZE)
        return VG_ERR_CONFIG;
    err = write_file(aside, content);
    if (err == VG_OK && rename(aside, target) != 0)
        err = err_of(errno);
    if (err != VG_OK) {
        (void)unlink(aside);
        return err;
    }
    return sync_folder(parent);
}
