/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock by plain system calls: Debian 12's headers know less than newer kernels do, so the
 * interface (Documentation/userspace-api/landlock.rst) is written down here. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { /* the same numbers on all architectures */
       CALL_CREATE_RULESET = 444,
       CALL_ADD_RULE = 445,
       CALL_RESTRICT_SELF = 446,
       CREATE_VERSION = 1,
       RULE_PATH_BENEATH = 1,
};

struct ruleset {
    uint64_t fs, net, scoped; /* net: ABI 4; scoped: ABI 6; zero before */
};

struct path_rule {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

#define FS_EXECUTE   (UINT64_C(1) << 0)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR  (UINT64_C(1) << 3)
#define FS_ABI_1     ((UINT64_C(1) << 13) - 1) /* read, write, execute, remove, make */
#define FS_REFER     (UINT64_C(1) << 13)       /* ABI 2 */
#define FS_TRUNCATE  (UINT64_C(1) << 14)       /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)       /* ABI 5 */
#define FS_OF_FILES  (UINT64_C(1) << 1 | FS_READ_FILE | FS_TRUNCATE)
#define NET_TCP      UINT64_C(3) /* bind and connect, ABI 4 */
#define SCOPED_ALL   UINT64_C(3) /* abstract unix sockets and signals, ABI 6 */

int
linux_landlock_abi(void)
{
    long abi = syscall(CALL_CREATE_RULESET, NULL, 0, CREATE_VERSION);

    if (abi <= 0)
        return 0;
    return abi > LINUX_LANDLOCK_ABI_MAX ? LINUX_LANDLOCK_ABI_MAX : (int)abi;
}

static uint64_t
handled_fs(int abi)
{
    uint64_t fs = FS_ABI_1;

    if (abi >= 2)
        fs |= FS_REFER;
    if (abi >= 3)
        fs |= FS_TRUNCATE;
    if (abi >= 5)
        fs |= FS_IOCTL_DEV;
    return fs;
}

/* A path that is not there is no error: nothing has to be allowed. */
static enum vg_err
allow_path(int ruleset, const char *path, uint64_t allowed)
{
    struct path_rule rule = {.allowed = allowed};
    struct stat st;
    enum vg_err err = VG_OK;

    rule.parent = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? VG_OK : linux_errno();
    if (fstat(rule.parent, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed &= FS_OF_FILES;
    if (syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
        err = linux_errno();
    linux_close(rule.parent);
    return err;
}

static enum vg_err
allow_paths(int ruleset, const struct platform_sandbox *sandbox, uint64_t handled)
{
    /* A sanitizer's report reads the program and its maps. */
    static const char *const report[] = {"/proc/self", "/usr/lib", "/lib"};
    enum vg_err err = VG_OK;

    for (size_t i = 0; err == VG_OK && i < sandbox->read_count; i++)
        err = allow_path(ruleset, sandbox->read[i], FS_READ_FILE | FS_READ_DIR);
    for (size_t i = 0; err == VG_OK && i < sandbox->write_count; i++)
        err = allow_path(ruleset, sandbox->write[i], handled & ~(FS_EXECUTE | FS_IOCTL_DEV));
    for (size_t i = 0; LINUX_SANITIZERS && err == VG_OK && i < VG_ARRAY_LEN(report); i++)
        err = allow_path(ruleset, report[i], FS_READ_FILE | FS_READ_DIR);
    return err;
}

enum vg_err
linux_landlock_enter(const struct platform_sandbox *sandbox, int abi)
{
    struct ruleset attributes = {
        .fs = handled_fs(abi),
        .net = abi >= 4 && !sandbox->network ? NET_TCP : 0,
        .scoped = abi >= 6 && !sandbox->network ? SCOPED_ALL : 0,
    };
    int ruleset = (int)syscall(CALL_CREATE_RULESET, &attributes, sizeof attributes, 0);
    enum vg_err err;

    if (ruleset < 0)
        return linux_errno();
    err = allow_paths(ruleset, sandbox, attributes.fs);
    if (err == VG_OK && syscall(CALL_RESTRICT_SELF, ruleset, 0) != 0)
        err = linux_errno();
    linux_close(ruleset);
    return err;
}
