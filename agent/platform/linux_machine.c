/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, names, places: what the machine is. */
#include "agent/platform/linux.h"

#include <ifaddrs.h>
#include <limits.h>
#include <malloc.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "common/str.h"
#include "common/vtime.h"

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * VG_SEC_NS + now.tv_nsec;
}

void
platform_memory_limit(uint64_t bytes)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};

    /* A sanitizer's own tables are larger than any limit. */
    if (!LINUX_SANITIZERS)
        (void)setrlimit(RLIMIT_DATA, &limit);
}

void
platform_cpu_limit(unsigned seconds)
{
    const struct rlimit limit = {.rlim_cur = seconds, .rlim_max = seconds};

    (void)setrlimit(RLIMIT_CPU, &limit);
}

/* The disk's scheduler goes by the same number where nobody gave it another one: ioprio_set(2). */
void
platform_yield_to_others(void)
{
    enum { LAST = 15 };

    if (getpriority(PRIO_PROCESS, 0) < LAST)
        (void)setpriority(PRIO_PROCESS, 0, LAST);
}

double
platform_load(void)
{
    struct sysinfo info;

    if (sysinfo(&info) != 0)
        return 0;
    return (double)info.loads[0] / (1 << SI_LOAD_SHIFT) / (double)platform_cores();
}

size_t
platform_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

int64_t
platform_clock_monotonic(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t
platform_cpu_time(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

enum vg_err
platform_host_name(char *out, size_t size)
{
    char name[HOST_NAME_MAX + 1] = "";

    if (gethostname(name, sizeof name - 1) != 0)
        return linux_errno();
    return vg_strcpy(out, size, name) ? VG_OK : VG_ERR_LIMIT;
}

/* systemd asks that /etc/machine-id itself is not handed around: what we give is derived from it. */
enum vg_err
platform_machine_id(char *out, size_t size)
{
    static const char salt[] = "vigia machine id ";
    struct hash_key second = STR_HASH_STORED;
    struct buf raw, text;
    enum vg_err err;

    if (size == 0)
        return VG_ERR_LIMIT;
    err = platform_file_slurp("/etc/machine-id", 256, &raw);
    if (err != VG_OK || raw.len < 32) {
        if (err == VG_OK)
            buf_done(&raw);
        out[0] = '\0';
        return err == VG_ERR_NOMEM ? err : VG_OK;
    }
    second.k0 ^= 1;
    buf_init(&text, 512);
    buf_put_str(&text, salt);
    buf_put(&text, raw.data, raw.len);
    if (text.bad)
        err = VG_ERR_NOMEM;
    else if (snprintf(out, size, "%016llx%016llx",
                      (unsigned long long)str_hash(&STR_HASH_STORED, text.data, text.len),
                      (unsigned long long)str_hash(&second, text.data, text.len)) >= (int)size)
        err = VG_ERR_LIMIT;
    buf_done(&text);
    buf_done(&raw);
    return err;
}

char *
platform_program_path(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n <= 0)
        return strdup("");
    path[n] = '\0';
    return strdup(path);
}

const char *
platform_default_config(void)
{
    return "/etc/vigia/agent.yaml";
}

/* "~" and "~/x" are the home of whoever runs us, "~name/x" the home of that user. */
char *
platform_path_expand(const char *path)
{
    const char *rest = path + strcspn(path, "/");
    const char *home = NULL;
    size_t need;
    char *out;

    if (path[0] != '~')
        return strdup(path);
    if (rest == path + 1) {
        home = getenv("HOME");
        if (home == NULL || home[0] == '\0') {
            const struct passwd *entry = getpwuid(geteuid());

            home = entry != NULL ? entry->pw_dir : NULL;
        }
    } else {
        char name[64];
        const struct passwd *entry = NULL;

        if (snprintf(name, sizeof name, "%.*s", (int)(rest - path - 1), path + 1) <
            (int)sizeof name)
            entry = getpwnam(name);
        home = entry != NULL ? entry->pw_dir : NULL;
    }
    if (home == NULL)
        return strdup(path);
    need = strlen(home) + strlen(rest) + 1;
    out = malloc(need);
    if (out != NULL)
        (void)snprintf(out, need, "%s%s", home, rest);
    return out;
}

/* libyara wants the same ten megabytes for each set of rules, and fresh pages cost more than what it
 * does with them; but what stays then lies scattered among what is freed. */
void
platform_memory_hold(void)
{
    enum { LARGE_BYTES = 64 * 1024 * 1024 };

    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
}

/* Left alone, the C library takes larger and larger blocks from its heap, once some were freed, and
 * keeps what the compilers of rules leave behind. */
void
platform_memory_settle(void)
{
    enum { LARGE_BYTES = 256 * 1024, KEPT_BYTES = 1024 * 1024 };

    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)malloc_trim(0);
}

void
platform_secure_zero(void *p, size_t n)
{
    explicit_bzero(p, n);
}

bool
platform_terminal(int standard)
{
    return isatty(standard) == 1;
}

static bool
names_hold(const struct platform_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

enum vg_err
platform_interfaces_default(struct platform_names *out)
{
    enum { INTERFACES_MAX = 16 };
    struct platform_names names = {0};
    struct ifaddrs *all;

    if (getifaddrs(&all) != 0)
        return linux_errno();
    names.name = calloc(INTERFACES_MAX, sizeof names.name[0]);
    if (names.name == NULL)
        goto fail;
    for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
        if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
            (at->ifa_flags & IFF_LOOPBACK) != 0 || names_hold(&names, at->ifa_name))
            continue;
        if (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6)
            continue;
        if (names.count == INTERFACES_MAX) {
            names.more = true;
            break;
        }
        names.name[names.count] = strdup(at->ifa_name);
        if (names.name[names.count] == NULL)
            goto fail;
        names.count++;
    }
    freeifaddrs(all);
    *out = names;
    return VG_OK;
fail:
    freeifaddrs(all);
    platform_names_free(&names);
    return VG_ERR_NOMEM;
}
