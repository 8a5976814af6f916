/* SPDX-License-Identifier: Apache-2.0 */
/* net_ransomware: what the files of net.ransomware share: its tables and their rows. */
#pragma once

#include "agent/detect/distinct.h"
#include "agent/detect/keytab.h"
#include "agent/detect/net_ransomware_looks.h"

enum { RANSOM_SHARES_MAX = 64, RANSOM_CALLERS_MAX = 128, RANSOM_READ_BITS = 2048 };

/* What one client does to one server's files. */
struct ransom_files {
    int64_t first_ns;
    uint32_t renamed, same_ending, deleted, rewritten, opaque, read;
    uint32_t ending;                    /* hash of the one that was added most of late */
    uint8_t told;                       /* bits 1 << kind */
    uint8_t seen[RANSOM_READ_BITS / 8]; /* Bloom filter of names that were read */
    struct distinct noted;              /* folders with a note */
};

/* What one client posts. */
struct ransom_calls {
    int64_t first_ns;
    uint32_t posts;
    uint8_t told;
    uint64_t path; /* hash: of the bare addresses */
    struct distinct forms, sites, bare;
};

struct ransomware {
    struct judge *judge;
    const struct net_scene *scene;
    struct keytab *shares, *callers;
    struct ransom_notes notes;
    uint32_t renamed, rewritten, noted, posts, bare;
    int64_t window_ns;
};

enum vg_err ransomware_tables(struct ransomware *r);
void ransomware_save(void *self, struct state_out *out);
enum vg_err ransomware_load(void *self, struct slice key, uint16_t version, struct slice blob);
