/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/platform/linux.h"

#include <errno.h>
#include <unistd.h>

enum vg_err
linux_err(int error)
{
    switch (error) {
    case 0:
        return VG_OK;
    case ENOENT:
    case ENOTDIR:
        return VG_ERR_NOENT;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
        return VG_ERR_DENIED;
    case EEXIST:
        return VG_ERR_EXISTS;
    case ENOMEM:
        return VG_ERR_NOMEM;
    case ENAMETOOLONG:
    case EFBIG:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
        return VG_ERR_LIMIT;
    case EAGAIN:
        return VG_AGAIN;
    default:
        return VG_ERR_SYS;
    }
}

enum vg_err
linux_errno(void)
{
    return linux_err(errno);
}

void
linux_close(int fd)
{
    int kept = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = kept;
}
