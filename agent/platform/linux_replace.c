/* SPDX-License-Identifier: Apache-2.0 */
/* What we write ourselves: whole files, folders, locks. */
#include "agent/platform/linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEW_TRIES = 100 };

enum vg_err
linux_sync_parent(const char *path)
{
    char parent[PATH_MAX];
    char *slash;
    int fd;
    enum vg_err err = VG_OK;

    if (!vg_strcpy(parent, sizeof parent, path))
        return VG_ERR_LIMIT;
    slash = strrchr(parent, '/');
    if (slash == NULL)
        (void)vg_strcpy(parent, sizeof parent, ".");
    else
        slash[slash == parent ? 1 : 0] = '\0';
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return linux_errno();
    /* Some file systems cannot sync a folder (EINVAL): there is nothing more to do there. */
    if (fsync(fd) != 0 && errno != EINVAL)
        err = linux_errno();
    linux_close(fd);
    return err;
}

/* Opens and locks the one side file of a target. A left-over of a killed process is taken over;
 * of two writers the second waits, and then finds that the file it locked was renamed away. */
static enum vg_err
open_new(const char *new_path, int *out)
{
    for (int i = 0; i < NEW_TRIES; i++) {
        struct stat mine, named;
        int fd = open(new_path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
            return linux_errno();
        if (flock(fd, LOCK_EX) == 0 && fstat(fd, &mine) == 0 && lstat(new_path, &named) == 0 &&
            mine.st_ino == named.st_ino && mine.st_dev == named.st_dev) {
            *out = fd;
            return VG_OK;
        }
        linux_close(fd);
    }
    return VG_ERR_SYS;
}

static enum vg_err
write_all(int fd, struct slice content)
{
    while (content.left > 0) {
        ssize_t n = write(fd, content.at, content.left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return linux_errno();
        slice_skip(&content, (size_t)n);
    }
    return VG_OK;
}

enum vg_err
platform_file_replace(const char *path, struct slice content, bool secret)
{
    char new_path[PATH_MAX];
    int fd = -1;
    enum vg_err err;

    if (content.bad || snprintf(new_path, sizeof new_path, "%s.new", path) >= (int)sizeof new_path)
        return VG_ERR_LIMIT;
    err = open_new(new_path, &fd);
    if (err != VG_OK)
        return err;
    if (fchmod(fd, secret ? 0600 : 0644) != 0 || ftruncate(fd, 0) != 0)
        err = linux_errno();
    if (err == VG_OK)
        err = write_all(fd, content);
    if (err == VG_OK && (fsync(fd) != 0 || rename(new_path, path) != 0))
        err = linux_errno();
    if (err == VG_OK)
        err = linux_sync_parent(path);
    else
        (void)unlink(new_path);
    linux_close(fd);
    return err;
}

static enum vg_err
make_one(const char *path, mode_t mode)
{
    struct stat st;

    if (mkdir(path, mode) == 0)
        return linux_sync_parent(path);
    if (errno != EEXIST)
        return linux_errno();
    if (stat(path, &st) != 0)
        return linux_errno();
    return S_ISDIR(st.st_mode) ? VG_OK : VG_ERR_EXISTS;
}

enum vg_err
platform_folder_make(const char *path, bool secret)
{
    char part[PATH_MAX];
    struct stat st;
    enum vg_err err;

    if (!vg_strcpy(part, sizeof part, path))
        return VG_ERR_LIMIT;
    for (char *at = part + 1; part[0] != '\0' && *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        err = make_one(part, 0755);
        if (err != VG_OK)
            return err;
        *at = '/';
    }
    err = make_one(part, secret ? 0700 : 0755);
    if (err != VG_OK || !secret)
        return err;
    if (stat(part, &st) != 0)
        return linux_errno();
    if (st.st_uid == geteuid() && (st.st_mode & 077) != 0 && chmod(part, 0700) != 0)
        return linux_errno();
    return VG_OK;
}

enum vg_err
platform_file_remove(const char *path)
{
    return unlink(path) == 0 ? VG_OK : linux_errno();
}

static enum vg_err remove_inside(int folder, int depth);

static enum vg_err
remove_one(int folder, const char *name, int depth)
{
    int fd;
    enum vg_err err;

    if (unlinkat(folder, name, 0) == 0)
        return VG_OK;
    if (errno != EISDIR && errno != EPERM)
        return linux_errno();
    if (depth == PLATFORM_TREE_DEPTH)
        return VG_ERR_LIMIT;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return linux_errno();
    err = remove_inside(fd, depth + 1);
    if (err == VG_OK && unlinkat(folder, name, AT_REMOVEDIR) != 0)
        err = linux_errno();
    return err;
}

/* Takes the descriptor. */
static enum vg_err
remove_inside(int folder, int depth)
{
    DIR *dir = fdopendir(folder);
    struct dirent *entry;
    enum vg_err err = VG_OK;

    if (dir == NULL) {
        linux_close(folder);
        return linux_errno();
    }
    while (err == VG_OK && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = remove_one(dirfd(dir), entry->d_name, depth);
    (void)closedir(dir);
    return err;
}

enum vg_err
platform_tree_remove(const char *path)
{
    return remove_one(AT_FDCWD, path, 0);
}

enum vg_err
platform_lock(const char *path, platform_file *out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return linux_errno();
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum vg_err err = errno == EWOULDBLOCK ? VG_ERR_EXISTS : linux_errno();

        linux_close(fd);
        return err;
    }
    *out = fd;
    return VG_OK;
}

enum vg_err
platform_file_open_own(const char *path, platform_file *out)
{
    struct stat st;
    platform_file file;
    enum vg_err err = platform_lock(path, &file);

    if (err != VG_OK)
        return err;
    if (fstat((int)file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
        st.st_nlink != 1) {
        platform_unlock(file);
        return VG_ERR_DENIED;
    }
    *out = file;
    return VG_OK;
}

enum vg_err
platform_file_write(platform_file file, uint64_t offset, struct slice content)
{
    if (offset > INT64_MAX || lseek((int)file, (off_t)offset, SEEK_SET) < 0)
        return VG_ERR_LIMIT;
    return write_all((int)file, content);
}

void
platform_unlock(platform_file lock)
{
    linux_close((int)lock);
}
