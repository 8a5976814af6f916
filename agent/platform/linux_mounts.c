/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted, by proc_pid_mountinfo(5); the kernel says by poll(2) when that changes. */
#include "agent/platform/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOUNTS_BYTES = 1024 * 1024 };

struct platform_mounts {
    int fd;
};

enum vg_err
platform_mounts_new(struct platform_mounts **out)
{
    struct platform_mounts *m = malloc(sizeof *m);

    if (m == NULL)
        return VG_ERR_NOMEM;
    m->fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (m->fd < 0) {
        enum vg_err err = linux_errno();

        free(m);
        return err;
    }
    *out = m;
    return VG_OK;
}

void
platform_mounts_free(struct platform_mounts *mounts)
{
    if (mounts == NULL)
        return;
    linux_close(mounts->fd);
    free(mounts);
}

bool
platform_mounts_changed(struct platform_mounts *mounts)
{
    struct pollfd one = {.fd = mounts->fd, .events = POLLPRI};

    return poll(&one, 1, 0) > 0 && (one.revents & (POLLPRI | POLLERR)) != 0;
}

/* "\040" for a space, and so on; in place. */
static void
unescape(char *text)
{
    char *to = text;

    for (const char *p = text; *p != '\0';) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
            p[3] >= '0' && p[3] <= '7') {
            *to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else {
            *to++ = *p++;
        }
    }
    *to = '\0';
}

static bool
under_any(const char *path, const char *const *folders)
{
    for (size_t i = 0; folders[i] != NULL; i++) {
        size_t len = strlen(folders[i]);

        if (strncmp(path, folders[i], len) == 0 && (path[len] == '\0' || path[len] == '/'))
            return true;
    }
    return false;
}

/* A drive that hangs on USB, by where the kernel has it. */
static bool
on_usb(const char *device)
{
    char link[64], place[PATH_MAX];
    ssize_t n;

    if (snprintf(link, sizeof link, "/sys/dev/block/%s", device) >= (int)sizeof link)
        return false;
    n = readlink(link, place, sizeof place - 1);
    if (n <= 0)
        return false;
    place[n] = '\0';
    return strstr(place, "/usb") != NULL;
}

bool
linux_is_stick(const char *device, const char *path, const char *source)
{
    static const char *const desktop[] = {"/media", "/run/media", NULL};
    static const char *const system[] = {"/boot", "/efi",  "/usr", "/etc", "/var", "/home",
                                         "/opt",  "/root", "/srv", "/run", "/tmp", NULL};

    if (strncmp(source, "/dev/", 5) != 0 || strcmp(path, "/") == 0)
        return false;
    if (under_any(path, desktop))
        return true;
    return !under_any(path, system) && on_usb(device);
}

/* id parent device root place options [more]... - type source options */
static void
read_line(char *line, struct platform_sticks *out)
{
    char *field[5], *rest = line, *tail = strstr(line, " - "), *type, *source;

    if (tail == NULL)
        return;
    *tail = '\0';
    for (size_t i = 0; i < VG_ARRAY_LEN(field); i++) {
        field[i] = strtok_r(i == 0 ? line : NULL, " ", &rest);
        if (field[i] == NULL)
            return;
    }
    type = strtok_r(tail + 3, " ", &rest);
    source = type != NULL ? strtok_r(NULL, " ", &rest) : NULL;
    if (source == NULL)
        return;
    unescape(field[4]);
    unescape(source);
    if (!linux_is_stick(field[2], field[4], source))
        return;
    if (out->count == PLATFORM_STICKS_MAX) {
        out->more++;
        return;
    }
    out->stick[out->count].mount = strtoll(field[0], NULL, 10);
    if (vg_strcpy(out->stick[out->count].path, sizeof out->stick[0].path, field[4]))
        out->count++;
}

enum vg_err
platform_mounts_sticks(struct platform_mounts *mounts, struct platform_sticks *out)
{
    char *text = malloc(MOUNTS_BYTES + 1), *rest;
    size_t len = 0;
    ssize_t n = 1;

    memset(out, 0, sizeof *out);
    if (text == NULL)
        return VG_ERR_NOMEM;
    while (n != 0 && len < MOUNTS_BYTES) {
        n = pread(mounts->fd, text + len, MOUNTS_BYTES - len, (off_t)len);
        if (n < 0 && errno != EINTR) {
            free(text);
            return linux_errno();
        }
        len += n > 0 ? (size_t)n : 0;
    }
    text[len] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        read_line(line, out);
    free(text);
    return VG_OK;
}
