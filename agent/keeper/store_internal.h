/* SPDX-License-Identifier: Apache-2.0 */
/* store_internal: what the files store_*.c share; nobody else includes it. */
#pragma once

#include "agent/keeper/incident.h"
#include "agent/keeper/seal.h"
#include "agent/keeper/store.h"
#include "agent/keeper/store_crypt.h"
#include "agent/keeper/store_sql.h"
#include "agent/platform/platform.h"
#include "common/str.h"

enum {
    STORE_PAGE_SIZE = 4096,
    STORE_BODY_MAX = EVENT_BYTES_MAX * 2, /* an event with its stamps; never reached */
    STORE_RESERVE_BYTES = 1024 * 1024,    /* the file that makes room on a full disk */
};

/* Where the current epoch's chain of events stands; a transaction that fails goes back to `before`. */
struct store_chain {
    int64_t epoch, last_seq, shipped;
    char id[UUID_TEXT_SIZE];
    uint8_t last_seal[SEAL_SIZE];
    struct seal_key key; /* seals event last_seq + 1; not when read_only */
};

/* What a sensor has written lately: it is held against its share of the store once in a while. */
struct store_share {
    char sensor[16];
    int64_t written;
};

struct store {
    sqlite3 *db;
    char *dir;
    platform_file lock;
    bool locked, read_only, in_transaction;
    int64_t bytes_max, alerts_keep_ns, observations_keep_ns;
    struct store_crypt *crypt;
    struct store_chain chain, before;
    int64_t key_file_seq; /* what the key file holds for certain */
    struct store_share share[4];
    unsigned jump_rounds; /* retention rounds since the clock jumped far ahead */
};

/* A path in the state folder; malloc'd. */
char *store_path(const char *dir, const char *name);
/* The authenticated number of an event's body. */
static inline int64_t
store_event_number(int64_t epoch, int64_t seq)
{
    return epoch << 40 | seq;
}

/* ---- store_keys.c: the key files, and the start of an epoch ---- */
/* The body key: read, or made when the database is new. VG_ERR_DENIED: it does not open what is in
 * the database. */
enum vg_err store_key_load(struct store *s) VG_MUST_CHECK;
/* Reads the current epoch. VG_ERR_NOENT: there is none yet. */
enum vg_err store_epoch_read(struct store *s) VG_MUST_CHECK;
/* A new store id with a new seal key from event 1 on, in its own transaction; events of the old one
 * that were not shipped are carried over. */
enum vg_err store_epoch_begin(struct store *s) VG_MUST_CHECK;
/* Finishes a change of epoch that was cut short; then holds the key file against the database.
 * VG_ERR_DENIED with `why`: they do not belong together (restored, damaged, changed). */
enum vg_err store_seal_resume(struct store *s, char why[STORE_WHY_MAX]) VG_MUST_CHECK;
/* Replaces the key file by the chain's key. */
enum vg_err store_seal_save(struct store *s) VG_MUST_CHECK;

/* ---- store_commit.c ---- */
/* `durable`: on the disk when store_end() returns; otherwise it may be lost to a power cut, but
 * only together with all that came after. */
enum vg_err store_begin(struct store *s, bool durable) VG_MUST_CHECK;
/* COMMIT, or ROLLBACK when err is not VG_OK or the commit fails; returns what holds. */
enum vg_err store_end(struct store *s, enum vg_err err) VG_MUST_CHECK;
/* Stamps and seals an event as last_seq + 1; inside a transaction. */
enum vg_err store_append(struct store *s, const json_t *event, int64_t now_ns) VG_MUST_CHECK;
/* Seals `body` as event last_seq + 1 and moves the chain on; out->body is appended to. */
struct store_sealed {
    struct buf body;
    uint8_t hash[SEAL_SIZE];
};
enum vg_err store_seal_body(struct store *s, struct slice body,
                            struct store_sealed *out) VG_MUST_CHECK;
enum vg_err store_epoch_write(struct store *s) VG_MUST_CHECK; /* last_seq, last_seal, sealed */

/* ---- retention.c: age, and the size cap ---- */
int64_t store_used_bytes(struct store *s);
int64_t store_soft_limit(const struct store *s); /* ordinary commits stay below */
/* Makes room until at most `bytes` are used, in a transaction of its own that also records what was
 * lost. VG_ERR_LIMIT: nothing more can go. */
enum vg_err store_make_room(struct store *s, int64_t bytes, int64_t now_ns) VG_MUST_CHECK;
enum vg_err store_limit_pages(struct store *s, int64_t bytes) VG_MUST_CHECK;

/* A health event of the agent itself; `facts` is taken. NULL without memory. */
json_t *store_health_event(const struct store *s, const char *detector, enum severity severity,
                           int64_t now_ns, json_t *facts);
