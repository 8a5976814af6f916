/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a file only where it really is: the path is resolved by the kernel to a descriptor that
 * can do nothing yet, the kernel says where that lies, and only then is it opened to read. Links
 * that are changed meanwhile lead nowhere. */
#include "agent/platform/linux.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
platform_path_resolve(const char *path)
{
    return realpath(path, NULL);
}

static bool
beneath(const char *path, const char *root)
{
    size_t len = strlen(root);

    if (len > 1 && root[len - 1] == '/')
        len--;
    if (len == 1 && root[0] == '/')
        return path[0] == '/';
    return strncmp(path, root, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static enum vg_err
check_place(int fd, const char *const *roots, size_t count)
{
    char link[64], real[PATH_MAX];
    struct stat st;
    ssize_t n;

    if (fstat(fd, &st) != 0)
        return linux_errno();
    if (!S_ISREG(st.st_mode))
        return VG_ERR_DENIED;
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, real, sizeof real - 1);
    if (n < 0)
        return linux_errno();
    if ((size_t)n >= sizeof real - 1)
        return VG_ERR_LIMIT;
    real[n] = '\0';
    for (size_t i = 0; i < count; i++)
        if (roots[i] != NULL && beneath(real, roots[i]))
            return VG_OK;
    return VG_ERR_DENIED;
}

enum vg_err
platform_file_open_beneath(const char *path, const char *const *roots, size_t count,
                           platform_file *out)
{
    char link[64];
    int place, fd;
    enum vg_err err;

    if (path[0] != '/')
        return VG_ERR_DENIED;
    place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return linux_errno();
    err = check_place(place, roots, count);
    if (err == VG_OK) {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", place);
        fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
            err = linux_errno();
        else
            *out = fd;
    }
    linux_close(place);
    return err;
}
