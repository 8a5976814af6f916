/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders, to read. */
#include "agent/platform/linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/vtime.h"

enum vg_err
platform_file_again(platform_file file, platform_file *out)
{
    int fd = fcntl((int)file, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return linux_errno();
    *out = fd;
    return VG_OK;
}

enum vg_err
platform_file_open(const char *path, platform_file *out)
{
    /* Non-blocking: a FIFO that somebody put into a watched folder must not stop us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return linux_errno();
    *out = fd;
    return VG_OK;
}

/* In nanoseconds a file's time reaches to the year 2262; one that says more stays at that end. */
static int64_t
time_ns(struct timespec t)
{
    int64_t ns;

    if (__builtin_mul_overflow((int64_t)t.tv_sec, VG_SEC_NS, &ns) ||
        __builtin_add_overflow(ns, (int64_t)t.tv_nsec, &ns))
        return t.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void
fill_stat(const struct stat *st, struct platform_stat *out)
{
    *out = (struct platform_stat){
        .identity = {.volume = (uint64_t)st->st_dev, .file = (uint64_t)st->st_ino},
        .size = st->st_size > 0 ? (uint64_t)st->st_size : 0,
        .modified_ns = time_ns(st->st_mtim),
        .changed_ns = time_ns(st->st_ctim),
        .owner = st->st_uid,
        .folder = S_ISDIR(st->st_mode),
        .regular = S_ISREG(st->st_mode),
    };
}

enum vg_err
platform_file_stat(platform_file file, struct platform_stat *out)
{
    struct stat st;

    if (fstat((int)file, &st) != 0)
        return linux_errno();
    fill_stat(&st, out);
    return VG_OK;
}

enum vg_err
platform_path_stat(const char *path, struct platform_stat *out)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return linux_errno();
    fill_stat(&st, out);
    return VG_OK;
}

enum vg_err
platform_path_stat_self(const char *path, struct platform_stat *out)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return linux_errno();
    fill_stat(&st, out);
    return VG_OK;
}

/* By linux/magic.h and statfs(2). FUSE is also what mounts NTFS sticks: no sign of another machine. */
bool
linux_remote_type(uint64_t type)
{
    static const uint32_t remote[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB 2 and later */
        0x564c,     /* NCP */
        0x5346414f, /* AFS */
        0x6b414653, /* AFS in the kernel */
        0x73757245, /* Coda */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(remote); i++)
        if ((uint32_t)type == remote[i])
            return true;
    return false;
}

bool
platform_path_remote(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && linux_remote_type((uint64_t)fs.f_type);
}

enum vg_err
platform_file_read(platform_file file, uint64_t offset, void *to, size_t size, size_t *got)
{
    size_t done = 0;

    if (offset > INT64_MAX)
        return VG_ERR_LIMIT;
    while (done < size) {
        ssize_t n = pread((int)file, (uint8_t *)to + done, size - done, (off_t)(offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return linux_errno();
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return VG_OK;
}

void
platform_file_close(platform_file file)
{
    linux_close((int)file);
}

enum vg_err
platform_file_slurp(const char *path, size_t max, struct buf *out)
{
    struct buf whole;
    platform_file file = PLATFORM_NO_HANDLE;
    uint64_t offset = 0;
    enum vg_err err = platform_file_open(path, &file);

    if (err != VG_OK)
        return err;
    buf_init(&whole, max);
    for (;;) {
        uint8_t piece[16384];
        size_t got;

        err = platform_file_read(file, offset, piece, sizeof piece, &got);
        if (err != VG_OK || got == 0)
            break;
        if (got > max - whole.len) {
            err = VG_ERR_LIMIT;
            break;
        }
        buf_put(&whole, piece, got);
        if (whole.bad) {
            err = VG_ERR_NOMEM;
            break;
        }
        offset += got;
    }
    platform_file_close(file);
    if (err != VG_OK) {
        buf_done(&whole);
        return err;
    }
    *out = whole;
    return VG_OK;
}

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts and keeps the first `max`. */
static void
names_trim(struct platform_names *names, size_t max)
{
    if (names->count > 1)
        qsort(names->name, names->count, sizeof names->name[0], by_bytes);
    while (names->count > max) {
        free(names->name[--names->count]);
        names->more = true;
    }
}

static enum vg_err
names_add(struct platform_names *names, size_t *room, const char *name)
{
    if (names->count == *room) {
        size_t want = *room < 32 ? 32 : *room * 2;
        char **grown = realloc(names->name, want * sizeof *grown);

        if (grown == NULL)
            return VG_ERR_NOMEM;
        names->name = grown;
        *room = want;
    }
    names->name[names->count] = strdup(name);
    if (names->name[names->count] == NULL)
        return VG_ERR_NOMEM;
    names->count++;
    return VG_OK;
}

enum vg_err
platform_folder_list(const char *path, size_t max, struct platform_names *out)
{
    struct platform_names names = {0};
    size_t room = 0;
    enum vg_err err = VG_OK;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return linux_errno();
    for (;;) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            err = linux_errno();
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        err = names_add(&names, &room, entry->d_name);
        if (err != VG_OK)
            break;
        if (names.count >= 2 * max + 64) /* a huge folder costs time, not memory */
            names_trim(&names, max);
    }
    (void)closedir(dir);
    if (err != VG_OK) {
        platform_names_free(&names);
        return err;
    }
    names_trim(&names, max);
    *out = names;
    return VG_OK;
}

void
platform_names_free(struct platform_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct platform_names){0};
}
