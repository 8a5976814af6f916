/* SPDX-License-Identifier: Apache-2.0 */
/* yara: the shipped and the shop's own YARA rules, compiled once, run on bytes from outside.
 *
 * Each *.yar file is compiled by itself, in a namespace of its name, so that a bad one is reported and
 * the rest work. One whose rules say what they need (yara_gate.h) is scanned for by itself, where the
 * gate lets it; the others, as those from elsewhere, are one pass together.
 * Compiling reads files and must come before the lock-down; scanning asks the system for memory and
 * the monotonic clock alone (no signal handlers, no threads, no files). `include` is refused.
 * One struct yara_rules is for one thread at a time; yara_share() makes one for each further one.
 * Bytes in which no rule can match are told by a quicker look (yara_gate.h).
 * Matched bytes are neither kept nor given out: rule, names of strings, offsets. */
#pragma once

#include "common/event.h"

enum {
    YARA_FILES_MAX = 200,
    YARA_FILE_BYTES_MAX = 1024 * 1024,
    YARA_MATCHES_MAX = 8,     /* rules told for one scan; more are counted */
    YARA_STRINGS_MAX = 8,     /* strings told for one rule */
    YARA_BLOCK = 1024 * 1024, /* a long source is read in blocks of this */
    YARA_OVERLAP = 64 * 1024, /* which overlap so much, so that a match over a border is found */
    YARA_WHY_MAX = 200,
};

struct yara_rules;

struct yara_report {
    size_t files, bad, rules;
    bool ready;             /* nothing was compiled: these are the program's own (yara_ready.h) */
    size_t without_needs;   /* rules for which every byte must be scanned (yara_gate.h) */
    char why[YARA_WHY_MAX]; /* the first bad file, line and what is wrong */
};

/* Compiles every *.yar of `folder`. VG_OK also when some files are bad (report->bad). VG_ERR_NOENT:
 * no folder or no good file; VG_ERR_NOMEM. free with yara_free(). */
enum vg_err yara_load(const char *folder, struct yara_rules **out,
                      struct yara_report *report) VG_MUST_CHECK;
void yara_free(struct yara_rules *rules);
/* The same compiled rules for another thread, which has its own scanner and block. Freed before
 * `of`. VG_ERR_NOMEM. */
enum vg_err yara_share(struct yara_rules *of, struct yara_rules **out) VG_MUST_CHECK;
/* SHA-256 over the version of this program, which may see more than the last one, and the names and
 * texts of a folder's rules, without compiling them. VG_ERR_NOENT. */
enum { YARA_DIGEST = 32 };
enum vg_err yara_digest(const char *folder, uint8_t out[YARA_DIGEST]) VG_MUST_CHECK;

struct yara_string {
    char id[32]; /* "$name" */
    uint64_t offset;
    uint32_t length; /* of the match */
};

struct yara_match {
    char rule[64], file[64]; /* file: without folder and .yar */
    enum severity severity;  /* from the rule's meta; medium where it has none */
    char description_es[200], description_en[200], reference[160];
    struct yara_string string[YARA_STRINGS_MAX];
    size_t string_count;
};

struct yara_result {
    struct yara_match match[YARA_MATCHES_MAX];
    size_t count;
    size_t more;  /* matching rules beyond YARA_MATCHES_MAX */
    bool timeout; /* the scan took longer than allowed and is incomplete */
    bool scanned; /* by libyara: the quicker look could not tell */
};

/* Scans bytes in memory. VG_ERR_NOMEM, VG_ERR_LIMIT (timeout: what was found until then is in
 * *out), VG_ERR_SYS (libyara failed). timeout_s 0: none. */
enum vg_err yara_scan(struct yara_rules *rules, struct slice bytes, int timeout_s,
                      struct yara_result *out) VG_MUST_CHECK;

/* Scans `size` bytes that `read` gives in pieces: fewer bytes than asked is their end. They are read
 * twice where they are more than one block and the quicker look cannot tell. */
struct yara_source {
    enum vg_err (*read)(void *ctx, uint64_t offset, void *to, size_t size, size_t *got);
    void *ctx;
    uint64_t size;
};
enum vg_err yara_scan_source(struct yara_rules *rules, const struct yara_source *source,
                             int timeout_s, struct yara_result *out) VG_MUST_CHECK;

/* Facts of a match (rule, rules_file, description_es, description_en, reference, strings) into
 * `facts`, and its evidence {"type":"yara","rule","file","strings":[{"id","offset"}]} with `base`
 * added to each offset. */
void yara_put_facts(const struct yara_match *match, json_t *facts);
json_t *yara_evidence(const struct yara_match *match, uint64_t base);
