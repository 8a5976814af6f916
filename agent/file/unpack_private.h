/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of unpack share. */
#pragma once

#include "agent/file/unpack.h"

struct unpack {
    unpack_member *member;
    void *ctx;
    struct unpack_counts *counts;
    int64_t deadline_ns;
    uint64_t bytes_left, members_left;
    bool late;
    size_t depth;
    struct { /* of each depth: what is being unpacked */
        struct buf bytes;
        char name[UNPACK_NAME_MAX];
        size_t above; /* of the name: what is the archive's own */
        uint64_t at;  /* where `bytes` begins in the member */
        bool nests, capped, damaged;
    } level[UNPACK_DEPTH_MAX];
};

/* A member begins: false when no more are taken. `name` may be NULL. */
bool unpack_begin(struct unpack *u, const char *name);
/* More of it: false when no more is taken. */
bool unpack_more(struct unpack *u, const void *bytes, size_t len);
/* The same of what is not looked at: an entry (a folder, a link, one under a password), and bytes. */
bool unpack_entry(struct unpack *u);
bool unpack_pass(struct unpack *u, size_t len);
/* The time is over: noted. */
bool unpack_is_late(struct unpack *u);
/* It is whole, or as whole as it gets: told, and gone into. */
void unpack_end(struct unpack *u);

/* The members of one kind each. */
void unpack_archive(struct unpack *u, const struct yara_source *source);
void unpack_pdf(struct unpack *u, struct slice file);
void unpack_ole(struct unpack *u, struct slice file);
void unpack_mail(struct unpack *u, struct slice file);
