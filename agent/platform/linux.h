/* SPDX-License-Identifier: Apache-2.0 */
/* linux: what the Linux files of this folder share. Included nowhere else. */
#pragma once

#include "agent/platform/platform.h"

/* The result that an errno value stands for; errno itself is left for the caller's message. */
enum vg_err linux_err(int error);
/* linux_err(errno). */
enum vg_err linux_errno(void);
/* Whether a file system of this type (statfs) is another machine's. */
bool linux_remote_type(uint64_t type);
/* Whether what is mounted there is a stick: `device` "8:17". */
bool linux_is_stick(const char *device, const char *path, const char *source);
/* close() that keeps errno. */
void linux_close(int fd);
/* Syncs the folder that holds `path`, so that a rename in it is durable. */
enum vg_err linux_sync_parent(const char *path) VG_MUST_CHECK;

/* ---- capabilities, as bit sets (1 << CAP_X); plain system calls, so that they may be used between
 * fork and exec ---- */
uint64_t linux_caps_of_rights(unsigned rights); /* of enum platform_right */
uint64_t linux_caps_permitted(void);
/* Takes `caps` from all sets, the bounding one too as far as that is allowed. */
enum vg_err linux_caps_drop(uint64_t caps) VG_MUST_CHECK;
/* Sets the three sets of this thread. */
enum vg_err linux_caps_set(uint64_t permitted, uint64_t effective,
                           uint64_t inheritable) VG_MUST_CHECK;
/* Drops all but `keep` from the bounding set, as far as that is allowed. */
void linux_caps_bound(uint64_t keep);
/* Makes `caps` (permitted and inheritable) survive an exec by other than root; clears the rest. */
void linux_caps_ambient(uint64_t caps);

/* ---- what happens on drives (linux_drives.c) ---- */
struct linux_drives;
/* `fd` of platform_drives_open(PLATFORM_DRIVE_FOLDERS) is taken. VG_ERR_NOENT: of no drive. */
enum vg_err linux_drives_new(int fd, struct linux_drives **out) VG_MUST_CHECK;
void linux_drives_free(struct linux_drives *d);
int linux_drives_handle(const struct linux_drives *d);
/* VG_ERR_NOENT: it lies on another drive; VG_ERR_LIMIT: too many. */
enum vg_err linux_drives_add(struct linux_drives *d, const char *folder) VG_MUST_CHECK;
void linux_drives_forget(struct linux_drives *d); /* all folders */
enum platform_watch_news linux_drives_drain(struct linux_drives *d);
size_t linux_drives_count(const struct linux_drives *d);
uint64_t linux_drives_overflows(const struct linux_drives *d);

/* ---- parts of the sandbox ---- */
enum { LINUX_LANDLOCK_ABI_MAX = 6 };
/* Highest Landlock ABI that kernel and we know; 0: none. */
int linux_landlock_abi(void);
/* Denies all file access but sandbox->read and ->write, as far as `abi` (1..) can. */
enum vg_err linux_landlock_enter(const struct platform_sandbox *sandbox, int abi) VG_MUST_CHECK;
/* The filter for this kind of process; `files`: files may be opened to read. */
enum vg_err linux_seccomp_enter(const struct platform_sandbox *sandbox, bool files) VG_MUST_CHECK;
/* platform_sandbox_enter() as on a kernel with at most that Landlock ABI (tests). */
enum vg_err linux_sandbox_enter(const struct platform_sandbox *sandbox, int abi_max,
                                char told[PLATFORM_TOLD_MAX]) VG_MUST_CHECK;

#if defined(__SANITIZE_ADDRESS__)
#define LINUX_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LINUX_SANITIZERS 1
#endif
#endif
#ifndef LINUX_SANITIZERS
#define LINUX_SANITIZERS 0
#endif
