/* SPDX-License-Identifier: Apache-2.0 */
/* platform: what differs between systems, behind one header. Nothing outside agent/platform calls
 * a system interface that ISO C or a portable library (libpcap, OpenSSL, libevent, SQLite, libcurl)
 * does not give; tests/structure checks it. Paths are UTF-8. Linux now; Windows comes later. */
#pragma once

#include "common/base.h"
#include "common/buf.h"

typedef intptr_t platform_handle; /* something one can wait for */
typedef intptr_t platform_file;
typedef intptr_t platform_stream; /* one end of a local, ordered, two-way byte stream */
#define PLATFORM_NO_HANDLE ((platform_handle)-1)

/* ---- clocks ---- */
int64_t platform_clock_monotonic(void); /* ns, only differences mean something */
int64_t platform_cpu_time(void);        /* ns of this process */

/* ---- files ---- */
struct platform_identity { /* what stays the same when a file is renamed */
    uint64_t volume, file;
};
struct platform_stat {
    struct platform_identity identity;
    uint64_t size;
    int64_t modified_ns;
    int64_t changed_ns; /* of what the system knows of it; nobody sets this one back */
    uint32_t owner;     /* a number for platform_user_name() */
    bool folder, regular;
};
/* To read. Never blocks, so look at `regular` before trusting that it is a file. */
enum vg_err platform_file_open(const char *path, platform_file *out) VG_MUST_CHECK;
enum vg_err platform_file_stat(platform_file file, struct platform_stat *out) VG_MUST_CHECK;
enum vg_err platform_path_stat(const char *path, struct platform_stat *out) VG_MUST_CHECK;
/* The same of a link itself, which is then neither a folder nor regular: for walking a tree. */
enum vg_err platform_path_stat_self(const char *path, struct platform_stat *out) VG_MUST_CHECK;
/* Whether the path lies on a drive of another machine: whoever reads there makes others wait, and scans
 * what they scan. */
bool platform_path_remote(const char *path);
/* Reads at an offset without moving anything; *got 0 at the end. */
enum vg_err platform_file_read(platform_file file, uint64_t offset, void *to, size_t size,
                               size_t *got) VG_MUST_CHECK;
void platform_file_close(platform_file file);
/* The same file once more, to give away. */
enum vg_err platform_file_again(platform_file file, platform_file *out) VG_MUST_CHECK;
/* The path without links or "..", malloc'd; NULL when there is no such thing. */
char *platform_path_resolve(const char *path);
/* Opens a regular file to read, if it lies, with every link followed, at or under one of `roots`
 * (resolved paths; NULL entries match nothing). VG_ERR_DENIED when not. */
enum vg_err platform_file_open_beneath(const char *path, const char *const *roots, size_t count,
                                       platform_file *out) VG_MUST_CHECK;

/* Names in a folder (without "." and ".."), sorted by bytes, at most `max`; `more` when there were
 * more. Free with platform_names_free(). */
struct platform_names {
    char **name;
    size_t count;
    bool more;
};
enum vg_err platform_folder_list(const char *path, size_t max,
                                 struct platform_names *out) VG_MUST_CHECK;
void platform_names_free(struct platform_names *names);

/* Whole new content or the old one, never a mixture, durable on return (write, sync, rename, sync
 * the folder). `secret`: readable by this user alone. */
enum vg_err platform_file_replace(const char *path, struct slice content,
                                  bool secret) VG_MUST_CHECK;
/* The whole file: *out is made here, with cap `max`, and is the caller's (buf_done). VG_ERR_LIMIT
 * when the file is larger. */
enum vg_err platform_file_slurp(const char *path, size_t max, struct buf *out) VG_MUST_CHECK;
enum vg_err platform_folder_make(const char *path, bool secret) VG_MUST_CHECK; /* with parents */
enum vg_err platform_file_remove(const char *path) VG_MUST_CHECK; /* VG_ERR_NOENT is an answer */
/* The folder with all in it, links themselves and not what they lead to; PLATFORM_TREE_DEPTH folders
 * deep at most (VG_ERR_LIMIT). VG_ERR_NOENT. */
enum { PLATFORM_TREE_DEPTH = 8 };
enum vg_err platform_tree_remove(const char *path) VG_MUST_CHECK;

/* A file that a locked-down process goes on writing in place: opened (made when missing, this user's
 * alone, never through a link) before, locked as platform_lock() does. */
enum vg_err platform_file_open_own(const char *path, platform_file *out) VG_MUST_CHECK;
/* For one thread at a time; what lay beyond stays. */
enum vg_err platform_file_write(platform_file file, uint64_t offset,
                                struct slice content) VG_MUST_CHECK;

/* One process at a time: held until unlock or the end of the process. VG_ERR_EXISTS: taken. */
enum vg_err platform_lock(const char *path, platform_file *out) VG_MUST_CHECK;
void platform_unlock(platform_file lock);

/* ---- taking a file away, putting one back ---- */
enum { PLATFORM_NAME_MAX = 255 };
struct platform_dress { /* what a file wears beside its content */
    uint32_t owner, group, mode;
    uint32_t names; /* how many it has: hard links */
    int64_t modified_ns, used_ns;
};
struct platform_place { /* a file held by its folder and by itself */
    platform_file folder, file;
    char name[PLATFORM_NAME_MAX + 1];
    struct platform_stat stat;
    struct platform_dress dress;
};
/* By its whole path, in which no link is followed. VG_ERR_DENIED: there is one, or no regular file at
 * its end. Nothing is left open but on VG_OK. */
enum vg_err platform_place_open(const char *path, struct platform_place *out) VG_MUST_CHECK;
/* The folder alone, where a file of this name is to be. */
enum vg_err platform_place_folder(const char *path, struct platform_place *out) VG_MUST_CHECK;
void platform_place_close(struct platform_place *place);
enum vg_err platform_place_look(struct platform_place *place) VG_MUST_CHECK; /* stat, dress anew */
bool platform_place_writable(const struct platform_place *place);            /* its folder */
/* Whether another process has it open to write, as far as the system tells. */
bool platform_place_in_use(const struct platform_place *place);
bool platform_place_holds(const struct platform_place *place, const char *name);
/* Gives the file another name in its folder, which nobody has. VG_ERR_DENIED: its name belongs to
 * another file by now, which was left there. VG_ERR_EXISTS: something has that name now. */
enum vg_err platform_place_aside(struct platform_place *place, const char *aside) VG_MUST_CHECK;
enum vg_err platform_place_back(struct platform_place *place, const char *aside) VG_MUST_CHECK;
enum vg_err platform_place_remove(struct platform_place *place,
                                  const char *name) VG_MUST_CHECK; /* durable */
/* A new file there, this user's alone; then its dress (the bits for set-user and the like left out)
 * and, durable, the place's name. VG_ERR_EXISTS: something has that. */
enum vg_err platform_place_make(struct platform_place *place, const char *name,
                                platform_file *out) VG_MUST_CHECK;
enum vg_err platform_place_finish(struct platform_place *place, const char *name,
                                  platform_file file,
                                  const struct platform_dress *dress) VG_MUST_CHECK;
/* A file of our own that is not there yet. */
enum vg_err platform_file_make(const char *path, platform_file *out) VG_MUST_CHECK;
enum vg_err platform_file_sync(platform_file file) VG_MUST_CHECK;
enum vg_err platform_file_rename(const char *from, const char *to) VG_MUST_CHECK; /* durable */
uint64_t platform_free_bytes(const char *path); /* of the drive, for us */

/* ---- watching folders ---- */
struct platform_watch;
enum vg_err platform_watch_new(struct platform_watch **out) VG_MUST_CHECK;
void platform_watch_free(struct platform_watch *watch);
/* How many folders, at most: each by itself; with the drive that it lies on. */
enum { PLATFORM_WATCH_FOLDERS = 512, PLATFORM_WATCH_DRIVE_FOLDERS = 65536 };
/* Watches folders with their drives where it can, by a handle of platform_drives_open() (taken), before the
 * lock-down. A file that stays open is then news when it is closed, not with each write. */
enum vg_err platform_watch_drives(struct platform_watch *watch, platform_file drives) VG_MUST_CHECK;
/* All folders are about to be added once more: those that are not are no longer watched with a drive. What
 * happens until the next drain is told by it. */
void platform_watch_begin(struct platform_watch *watch);
/* Adding a folder again is fine; one that was deleted and made again must be added again. VG_ERR_LIMIT. */
enum vg_err platform_watch_add(struct platform_watch *watch, const char *folder) VG_MUST_CHECK;
platform_handle platform_watch_handle(const struct platform_watch *watch);
enum platform_watch_news {
    PLATFORM_WATCH_QUIET,
    PLATFORM_WATCH_ELSEWHERE, /* on a drive, but in no folder that is watched */
    PLATFORM_WATCH_HERE,
};
/* What happened since the last call (details are looked up). */
enum platform_watch_news platform_watch_drain(struct platform_watch *watch);
struct platform_watch_counts {
    size_t by_folder, by_drive; /* folders that were added, since platform_watch_begin() */
    uint64_t overflows; /* how often more happened than the system kept: nobody knows where */
};
struct platform_watch_counts platform_watch_counts(const struct platform_watch *watch);

/* ---- what happens on whole drives ---- */
enum platform_drive_news {
    PLATFORM_DRIVE_FOLDERS, /* for platform_watch_drives() */
    PLATFORM_DRIVE_WRITERS, /* for platform_writers_new() */
};
/* A handle for the drives on which `folders` (NULL entries are passed over) lie. Takes a right that goes far
 * beyond this (Linux: CAP_SYS_ADMIN), so it is done first of all, then platform_drives_give_up(). VG_ERR_DENIED:
 * no right; VG_ERR_NOENT: none of them is there. */
enum vg_err platform_drives_open(enum platform_drive_news news, const char *const *folders,
                                 size_t count, platform_file *out) VG_MUST_CHECK;
/* This process and those that it starts never have that right again. */
enum vg_err platform_drives_give_up(void) VG_MUST_CHECK;

/* ---- who writes files ---- */
struct platform_writers;
struct platform_written { /* a file that was closed after it was written */
    int64_t pid;
    struct platform_stat stat;
    char path[4096];
};
/* By a handle of platform_drives_open(), taken. */
enum vg_err platform_writers_new(platform_file drives, struct platform_writers **out) VG_MUST_CHECK;
void platform_writers_free(struct platform_writers *writers);
platform_handle platform_writers_handle(const struct platform_writers *writers);
/* The next one, never this process's own. VG_AGAIN: none now. */
enum vg_err platform_writers_next(struct platform_writers *writers,
                                  struct platform_written *out) VG_MUST_CHECK;
/* How often more happened than the system kept. */
uint64_t platform_writers_overflows(const struct platform_writers *writers);

/* ---- sticks ---- */
struct platform_mounts;
enum vg_err
platform_mounts_new(struct platform_mounts **out) VG_MUST_CHECK; /* before the lock-down */
void platform_mounts_free(struct platform_mounts *mounts);
/* Whether anything was mounted or unmounted since the last call. */
bool platform_mounts_changed(struct platform_mounts *mounts);
/* Drives that people plug in and pull out: those under /media and /run/media, and those on USB that are
 * no part of the system. */
enum { PLATFORM_STICKS_MAX = 16, PLATFORM_STICK_PATH_MAX = 1024 };
struct platform_sticks {
    struct {
        int64_t mount; /* another one when it is mounted again */
        char path[PLATFORM_STICK_PATH_MAX];
    } stick[PLATFORM_STICKS_MAX];
    size_t count, more;
};
enum vg_err platform_mounts_sticks(struct platform_mounts *mounts,
                                   struct platform_sticks *out) VG_MUST_CHECK;

/* ---- processes and streams ---- */
struct platform_child {
    int64_t pid; /* 0: none */
    platform_stream stream;
};
/* Rights that a worker keeps at its start, until its own lock-down. */
enum platform_right {
    PLATFORM_RIGHT_CAPTURE = 1,   /* open a capture */
    PLATFORM_RIGHT_READ_ALL = 2,  /* read files of others (host worker) */
    PLATFORM_RIGHT_PROCESSES = 4, /* look into other processes (host worker) */
    PLATFORM_RIGHT_MOVE = 8,      /* take files of others away (host worker, quarantine) */
};
/* Starts this same program again with argv (argv[0] is the program's path, NULL-ended) and one
 * stream; the child inherits nothing else but standard error. It dies with its parent. `user`
 * NULL or "": no change of user. */
enum vg_err platform_child_start(const char *const argv[], unsigned rights, const char *user,
                                 struct platform_child *out) VG_MUST_CHECK;
/* In the child: its end of the stream. */
enum vg_err platform_child_stream(platform_stream *out) VG_MUST_CHECK;
void platform_child_kill(const struct platform_child *child);
/* VG_AGAIN while it lives. *status: exit code, or 128 + signal. */
enum vg_err platform_child_wait(struct platform_child *child, int *status) VG_MUST_CHECK;
void platform_stream_close(platform_stream stream);
/* Non-blocking; *n 0 with VG_END at the end of the stream, VG_AGAIN when it would block. A file
 * that came along is in *file (PLATFORM_NO_HANDLE: none; NULL: refuse and close it). */
enum vg_err platform_stream_read(platform_stream stream, void *to, size_t size, size_t *n,
                                 platform_file *file) VG_MUST_CHECK;
enum vg_err platform_stream_write(platform_stream stream, const void *from, size_t size, size_t *n,
                                  platform_file file) VG_MUST_CHECK;
/* Waits for any of `count` handles to be readable (bit set in *ready; writable where the bit in
 * `want_write` is set) or for the time to pass (negative: no limit). At most 32 handles; *ready 0
 * when the time passed. */
enum vg_err platform_wait(const platform_handle *handles, size_t count, unsigned want_write,
                          int64_t wait_ns, unsigned *ready) VG_MUST_CHECK;

/* ---- rights ---- */
enum { PLATFORM_PATHS_MAX = 80 };
struct platform_sandbox {
    const char *read[PLATFORM_PATHS_MAX]; /* folders and files that may still be opened to read */
    size_t read_count;
    const char *write[4]; /* folders that may be written (keeper, quarantine) */
    size_t write_count;
    bool capture;     /* an open capture handle goes on being used */
    bool watch;       /* folder watching */
    bool read_all;    /* keeps PLATFORM_RIGHT_READ_ALL, for `read` alone: where Landlock says so */
    bool threads;     /* threads of its own may be started */
    bool network;     /* sockets (keeper only) */
    bool keep_rights; /* host worker: keeps PLATFORM_RIGHT_READ_ALL and _PROCESSES */
    bool move;        /* and PLATFORM_RIGHT_MOVE */
};
/* Gives up all rights but these, for good: capabilities, no-new-privileges, Landlock, seccomp with
 * an allow-list. `told` takes a JSON object of what holds: {"seccomp":true,"landlock":4,...};
 * missing kernel features are told, not an error. */
enum { PLATFORM_TOLD_MAX = 256 };
enum vg_err platform_sandbox_enter(const struct platform_sandbox *sandbox,
                                   char told[PLATFORM_TOLD_MAX]) VG_MUST_CHECK;
/* When started as root: becomes `user`, keeping `rights` where needed for children. */
enum vg_err platform_user_become(const char *user, unsigned rights) VG_MUST_CHECK;
bool platform_is_admin(void);
bool platform_user_known(const char *user);
/* By root, before it becomes `user`: the folder (made when missing) becomes that user's, with all
 * in it that is root's; links and files with several names are left. VG_ERR_EXISTS: it is root's
 * and holds something, but none of `marks` (NULL-ended names): not ours to give. VG_ERR_DENIED: it
 * is a third one's. VG_ERR_NOENT: no such user. */
enum vg_err platform_folder_give(const char *path, const char *user,
                                 const char *const marks[]) VG_MUST_CHECK;

/* ---- service ---- */
/* A handle that becomes readable on SIGTERM, SIGINT or the service manager's stop. */
enum vg_err platform_stop_handle(platform_handle *out) VG_MUST_CHECK;
void platform_service_ready(void);    /* sd_notify READY=1; nothing where there is no manager */
void platform_service_watchdog(void); /* sd_notify WATCHDOG=1 */

/* ---- what the machine is ---- */
/* Interfaces worth watching by default, as names for libpcap: up, not loopback, with an address. */
enum vg_err platform_interfaces_default(struct platform_names *out) VG_MUST_CHECK;
enum vg_err platform_host_name(char *out, size_t size) VG_MUST_CHECK;
/* An id of this installation of the system (not secret); "" where there is none. */
enum vg_err platform_machine_id(char *out, size_t size) VG_MUST_CHECK;
size_t platform_cores(void); /* that this process may use, 1.. */
double platform_load(void);  /* processes that run or want to, a core, over the last minute */
/* The name of a user by the number in platform_stat, from the file PLATFORM_USERS alone; the number where
 * that has none or may not be read. */
#define PLATFORM_USERS "/etc/passwd"
void platform_user_name(uint32_t user, char *out, size_t size);
char *platform_program_path(void);            /* malloc'd; NULL without memory */
const char *platform_default_config(void);    /* "/etc/vigia/agent.yaml" */
char *platform_path_expand(const char *path); /* leading ~; malloc'd */
void platform_secure_zero(void *p, size_t n);
/* Large blocks are the system's own and go back to it when they are freed, and what is free by now goes
 * back at once. First thing in main(), and when a program is ready. */
void platform_memory_settle(void);
/* Until then freed memory is kept for the next step of getting ready, for what frees and asks again. */
void platform_memory_hold(void);
/* Memory beyond `bytes` is not given to this process: allocations fail. Before the lock-down. */
void platform_memory_limit(uint64_t bytes);
/* So much of all cores' time together, then the system ends this process. */
void platform_cpu_limit(unsigned seconds);
/* What it does may wait: other programs come first. Before the lock-down. */
void platform_yield_to_others(void);
bool platform_terminal(int standard); /* 1 stdout, 2 stderr is a terminal */

/* The program behind a local socket (host worker only). VG_ERR_NOENT when there is none. */
struct platform_owner {
    int64_t pid;
    char name[64], path[512], user[64];
};
/* Who held sockets lately, is asked first, and who he is holds for a second; zeroed at the start, the
 * caller's. */
enum { PLATFORM_HOLDERS = 32 };
struct platform_holders {
    int64_t pid[PLATFORM_HOLDERS]; /* 0: none; the last one first */
    struct platform_owner last;    /* pid 0: none */
    uint32_t last_user;
    int64_t last_ns; /* monotonic */
};
enum vg_err platform_socket_owner(struct platform_holders *recent, bool tcp, bool v6,
                                  const uint8_t local[16], uint16_t local_port,
                                  const uint8_t remote[16], uint16_t remote_port,
                                  struct platform_owner *out) VG_MUST_CHECK;
/* Name and path of a process's program, without its user; empty where it has ended. */
void platform_process_name(int64_t pid, struct platform_owner *out);
/* The file that a process runs, as it was started, also when another has taken its name since.
 * VG_ERR_DENIED: it lies in a file system of a user (FUSE), where reading may never end. */
enum vg_err platform_program_open(int64_t pid, platform_file *out) VG_MUST_CHECK;

/* The addresses of this machine's interfaces, loopback left out. family 4 or 6; 0: a hardware
 * address, of 6 bytes. */
enum { PLATFORM_ADDRESSES_MAX = 64 };
struct platform_addresses {
    struct {
        uint8_t family, bytes[16];
    } address[PLATFORM_ADDRESSES_MAX];
    size_t count;
};
enum vg_err platform_addresses_own(struct platform_addresses *out) VG_MUST_CHECK;
