/* SPDX-License-Identifier: Apache-2.0 */
/* worker: the life of a sandboxed process, the same for each kind of work.
 *
 * `vigia-agent --worker NAME` has one inherited stream to the keeper. Order: configuration; open
 * what needs privilege; lock down; say ready; rows and positions; then the first untrusted byte. */
#pragma once

#include "agent/config.h"
#include "agent/platform/platform.h"

struct worker_opener; /* asks keeper and host worker for a file that this process may not open */

/* The handle of platform_drives_open() that came with the configuration, now the caller's;
 * PLATFORM_NO_HANDLE: the agent had no right to one (or `opener` is NULL). */
platform_file worker_drives_take(struct worker_opener *opener);

/* Blocks until answered. *out is the caller's handle. VG_ERR_DENIED, VG_ERR_NOENT, VG_ERR_SYS. */
enum vg_err worker_open_path(struct worker_opener *opener, const char *path,
                             platform_file *out) VG_MUST_CHECK;

/* A socket of this machine; addresses of IPv4 in the first four bytes. */
struct worker_socket {
    bool tcp, v6;
    uint8_t local[16], remote[16];
    uint16_t local_port, remote_port;
};
/* Ask the host worker, without waiting: which program holds a socket; the fingerprint of a file that
 * such an answer numbered. ops->owner() gets the answer later, between two pieces of work. One
 * question at a time: VG_AGAIN while one is on its way. */
enum vg_err worker_ask_owner(struct worker_opener *opener,
                             const struct worker_socket *socket) VG_MUST_CHECK;
enum vg_err worker_ask_hash(struct worker_opener *opener, uint64_t file) VG_MUST_CHECK;

/* File sensor: a question about a file to the host worker; blocks until answered. *answer is the caller's.
 *   {"what": "seal", "path": HEX, "volume", "file", "size", "modified", "changed", "sha256", "rule",
 *    "severity"} gives {"outcome", "id"}; {"what": "take", "id"} gives {"outcome"}: the quarantine
 *   {"what": "writer", "volume", "file"} gives {"program", "program_path"}: who wrote it
 * VG_ERR_NOENT (nobody knows), VG_ERR_SYS. */
enum vg_err worker_ask_file(struct worker_opener *opener, const json_t *question,
                            json_t **answer) VG_MUST_CHECK;

enum { WORKER_WHY_MAX = 256 };

/* One kind of sensor. `self` is made by open() and freed by close(). */
struct worker_ops {
    const char *name;
    /* Opens what needs privilege and reads rules; no untrusted byte yet. `sink`, `config` and
     * `opener` outlive self. */
    enum vg_err (*open)(const struct agent_config *config, const struct sink *sink,
                        struct worker_opener *opener, void **self, char why[WORKER_WHY_MAX]);
    /* What it still needs after the lock-down. */
    void (*needs)(void *self, struct platform_sandbox *sandbox);
    enum vg_err (*restore)(void *self, const char *detector, struct slice key, uint16_t version,
                           struct slice blob);
    enum vg_err (*position)(void *self, const char *source, const json_t *position);
    enum vg_err (*begin)(void *self); /* rows and positions are complete */
    /* A bounded piece of work (about 20 ms); commits as it sees fit. VG_OK: call again at once;
     * VG_AGAIN: nothing now, wait for *handle (PLATFORM_NO_HANDLE: none) or *wait_ns at most;
     * VG_END: all finite input is done and there is no other; errors end the worker. The keeper is
     * told {"done": true} at VG_END, and while there was nothing but VG_AGAIN for half a second. */
    enum vg_err (*work)(void *self, platform_handle *handle, int64_t *wait_ns);
    void (*tick)(void *self, int64_t now_ns);
    void (*feedback)(void *self, const json_t *feedback);
    /* The answer to worker_ask_owner() or worker_ask_hash(): {"pid", "name", "path", "user", "file",
     * "sha256"} or {"sha256"} on VG_OK; borrowed. */
    void (*owner)(void *self, enum vg_err err, const json_t *answer);
    enum vg_err (*finish)(void *self); /* FRAME_STOP: commit what is whole */
    /* Host worker only (others: NULL). What it returns goes back with *answer (may stay NULL; taken)
     * and *file (may stay PLATFORM_NO_HANDLE; taken). */
    enum vg_err (*ask)(void *self, const json_t *question, json_t **answer, platform_file *file);
    void (*close)(void *self);
};

/* Runs until the keeper says stop or is gone. Returns the exit code of the process. All but open(),
 * needs(), work() and close() may be NULL. An op that fails ends the process; the keeper starts it
 * again with what was committed. */
int worker_main(const struct worker_ops *ops);
