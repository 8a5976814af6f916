/* SPDX-License-Identifier: Apache-2.0 */
/* file_move: what the file sensor asks the host worker about a file that matched a rule
 * (worker_ask_file()): who wrote it; and its part in the quarantine: what matched a rule of enough severity
 * is sealed, told, and, once that is durable, taken away. */
#pragma once

#include "agent/file/file_scan.h"
#include "agent/link/worker.h"

struct file_move_counts {
    uint64_t moved, stayed; /* stayed: should have gone, and did not */
    uint64_t wanted;        /* the owner brought them back before */
    uint64_t again;         /* mailboxes and the like in which nothing new was found */
};

struct file_move {
    const struct agent_config *config;
    struct worker_opener *opener;
    enum vg_err (*commit)(void *ctx); /* all that was told so far is durable on VG_OK */
    void *ctx;
    bool later; /* set where the file is to come again; whoever looks clears it */
    /* What was told of this file the last time, and now: a mailbox changes with each mail, and says nothing
     * new by that. Whoever looks sets the one, clears the other, and keeps it with the file. */
    uint64_t told_before, told;
    struct file_move_counts counts;
    struct file_responder responder;
};

/* All but `later` and `counts` of *move is set here; the responder is for file_scan_respond(). */
void file_move_init(struct file_move *move, const struct agent_config *config,
                    struct worker_opener *opener, enum vg_err (*commit)(void *ctx), void *ctx);
