/* SPDX-License-Identifier: Apache-2.0 */
/* store: everything the agent keeps, in one SQLite database (WAL, synchronous=FULL).
 *
 * One batch is one transaction: events get id, store, seq, recorded, incident and their seal here.
 * Bodies are encrypted (AES-256-GCM) under a key outside the database. */
#pragma once

#include "agent/keeper/batch.h"

struct store;

struct store_options {
    const char *dir;  /* state folder, made when missing; locked while open */
    const char *shop; /* goes into nothing; for messages only */
    int64_t bytes_max, alerts_keep_ns, observations_keep_ns;
    bool read_only; /* `alerts`, `show`, `verify`, `export`: no lock, works while `run` runs */
};

/* VG_ERR_EXISTS: another process has it. VG_ERR_NOENT (read_only): there is none. VG_ERR_CONFIG: made
 * by a newer program. `why` is for people. The writer sets a damaged database aside
 * (vigia.db.damaged) and begins a new store id, and also begins one when the seal's key file and the
 * database do not belong together (a restored copy) or the machine is another one (a clone); a
 * health event says so each time. */
enum { STORE_WHY_MAX = 256 };
enum vg_err store_open(const struct store_options *options, struct store **out,
                       char why[STORE_WHY_MAX]) VG_MUST_CHECK;
void store_close(struct store *store);
const char *store_id(const struct store *store); /* UUID made with the database */

/* Commits the batch; VG_ERR_LIMIT when the disk or the cap is full and nothing could make room,
 * VG_ERR_DENIED when its sensor would hold more in rows than its share (a quarter of the store; up to
 * half of a small one), VG_ERR_SYS. Afterwards nothing or everything of it is durable. Does not clear the batch.
 * `now_ns` becomes `recorded`. */
enum vg_err store_commit(struct store *store, struct batch *batch, int64_t now_ns) VG_MUST_CHECK;
/* An event of the keeper's own (class health or alert, sensor agent); takes the reference. */
enum vg_err store_event(struct store *store, json_t *event, int64_t now_ns) VG_MUST_CHECK;

/* Bytes that the database uses. */
int64_t store_bytes(struct store *store);
/* What age and size take, oldest first; to be called every hour. VG_ERR_SYS. */
enum vg_err store_retain(struct store *store, int64_t now_ns) VG_MUST_CHECK;

/* Rows and positions of one sensor, in any order; stops when fn returns other than VG_OK. */
typedef enum vg_err store_row_fn(void *ctx, const char *detector, struct slice key,
                                 uint16_t version, struct slice blob);
typedef enum vg_err store_position_fn(void *ctx, const char *source, struct slice json);
enum vg_err store_rows(struct store *store, const char *sensor, store_row_fn *fn,
                       void *ctx) VG_MUST_CHECK;
enum vg_err store_positions(struct store *store, const char *sensor, store_position_fn *fn,
                            void *ctx) VG_MUST_CHECK;

/* ---- shipping ---- */
/* Events with seq > after, in order, at most max and about bytes_max; fn gets the JSON line. */
typedef enum vg_err store_event_fn(void *ctx, int64_t seq, struct slice json);
enum vg_err store_events_after(struct store *store, int64_t after, size_t max, size_t bytes_max,
                               store_event_fn *fn, void *ctx) VG_MUST_CHECK;
int64_t store_shipped(struct store *store); /* highest seq the collector holds */
int64_t store_last_seq(struct store *store);
enum vg_err store_set_shipped(struct store *store, int64_t seq) VG_MUST_CHECK;
/* The collector knows another event under our key (restored disk, clone): a new store id begins,
 * sequence from 1; what was not shipped is carried over with new numbers. */
enum vg_err store_renew_id(struct store *store, int64_t now_ns) VG_MUST_CHECK;

/* ---- reading ---- */
struct store_query {
    int64_t since_ns, until_ns; /* recorded; 0: no limit */
    const char *class;          /* "alert", "health", NULL: all */
    enum severity least;
    const char *id; /* one event by id or unique beginning of 8 or more characters; NULL: all */
    size_t limit;   /* newest first */
    bool oldest_first;
};
enum vg_err store_query(struct store *store, const struct store_query *query, store_event_fn *fn,
                        void *ctx) VG_MUST_CHECK;

/* Small named values of the keeper's (health of sensors, mail state, last contact). */
enum vg_err store_set_value(struct store *store, const char *name,
                            struct slice value) VG_MUST_CHECK;
enum vg_err store_value(struct store *store, const char *name, struct buf *out) VG_MUST_CHECK;

/* ---- seal ---- */
/* The first seal key (32 bytes) while it has not been handed to a collector or shown; VG_ERR_NOENT
 * afterwards. store_seal_key_forget() ends that. */
enum vg_err store_seal_key_first(struct store *store, uint8_t out[32]) VG_MUST_CHECK;
enum vg_err store_seal_key_forget(struct store *store) VG_MUST_CHECK;
struct store_verdict {
    int64_t events, from_seq, to_seq, broken_seq; /* broken_seq 0: whole */
    char why[STORE_WHY_MAX];
};
/* Recomputes every seal from `first_key`. VG_OK (whole), VG_ERR_DENIED (broken), VG_ERR_SYS. */
enum vg_err store_verify(struct store *store, const uint8_t first_key[32],
                         struct store_verdict *out) VG_MUST_CHECK;
