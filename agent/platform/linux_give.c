/* SPDX-License-Identifier: Apache-2.0 */
/* What root made, or makes now, for the user that it becomes.
 *
 * The folder may be that user's already, who may then put anything there: nothing is followed, each
 * thing is held by a descriptor while it is looked at and given, and a file with a second name
 * stays as it is, because that name may be anywhere. */
#include "agent/platform/linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GIVE_DEPTH = 8, GIVE_MOST = 100000 };

struct give {
    uid_t uid;
    gid_t gid;
    dev_t volume;
    unsigned count;
};

bool
platform_user_known(const char *user)
{
    return getpwnam(user) != NULL;
}

static enum vg_err give_folder(struct give *g, int fd, int depth);

static enum vg_err
give_one(struct give *g, int folder, const char *name, int depth)
{
    struct stat st;
    int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), inner;
    enum vg_err err = VG_OK;

    if (fd < 0)
        return errno == ENOENT ? VG_OK : linux_errno();
    if (fstat(fd, &st) != 0)
        err = linux_errno();
    else if (st.st_dev != g->volume || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
        goto done;
    if (err == VG_OK && st.st_uid == 0 && (S_ISDIR(st.st_mode) || st.st_nlink == 1) &&
        fchownat(fd, "", g->uid, g->gid, AT_EMPTY_PATH) != 0)
        err = linux_errno();
    if (err == VG_OK && S_ISDIR(st.st_mode)) {
        inner = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        err = inner >= 0 ? give_folder(g, inner, depth + 1) : linux_errno();
    }
done:
    linux_close(fd);
    return err;
}

/* Takes `fd`. */
static enum vg_err
give_folder(struct give *g, int fd, int depth)
{
    DIR *dir = depth <= GIVE_DEPTH ? fdopendir(fd) : NULL;
    struct dirent *entry;
    enum vg_err err = VG_OK;

    if (dir == NULL) {
        linux_close(fd);
        return depth <= GIVE_DEPTH ? linux_errno() : VG_ERR_LIMIT;
    }
    while (err == VG_OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        err =
            ++g->count <= GIVE_MOST ? give_one(g, dirfd(dir), entry->d_name, depth) : VG_ERR_LIMIT;
    }
    (void)closedir(dir);
    return err;
}

/* A folder of root's is taken for ours when it holds nothing, or `mark`: a slip in a configuration
 * must not give away the system. */
static enum vg_err
check_ours(const char *path, int fd, const char *const marks[])
{
    struct platform_names names;
    struct stat st;
    bool empty;
    enum vg_err err = platform_folder_list(path, 1, &names);

    if (err != VG_OK)
        return err;
    empty = names.count == 0;
    platform_names_free(&names);
    for (size_t i = 0; !empty && marks[i] != NULL; i++)
        if (fstatat(fd, marks[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            return VG_OK;
    return empty ? VG_OK : VG_ERR_EXISTS;
}

enum vg_err
platform_folder_give(const char *path, const char *user, const char *const marks[])
{
    const struct passwd *entry = getpwnam(user);
    struct give g = {0};
    struct stat st;
    int fd;
    enum vg_err err;

    if (entry == NULL)
        return VG_ERR_NOENT;
    g.uid = entry->pw_uid;
    g.gid = entry->pw_gid;
    err = platform_path_stat(path, &(struct platform_stat){0}) == VG_ERR_NOENT
              ? platform_folder_make(path, true)
              : VG_OK;
    if (err != VG_OK || g.uid == 0)
        return err;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return linux_errno();
    if (fstat(fd, &st) != 0)
        err = linux_errno();
    else if (st.st_uid == 0)
        err = check_ours(path, fd, marks);
    else if (st.st_uid != g.uid)
        err = VG_ERR_DENIED;
    g.volume = st.st_dev;
    if (err == VG_OK && st.st_uid == 0 && fchown(fd, g.uid, g.gid) != 0)
        err = linux_errno();
    if (err == VG_OK)
        return give_folder(&g, fd, 0);
    linux_close(fd);
    return err;
}
