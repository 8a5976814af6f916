/* SPDX-License-Identifier: Apache-2.0 */
/* exceptions: what people at the collector said, on its way to the sensors (collector/API.md, `feedback`).
 *
 * Exceptions are a set: kept in the store, given to every sensor as a whole before its first work and
 * whenever it changes. Verdicts on single alerts wait here until a sensor that lives has taken them, and
 * go the way of `vigia-agent feedback`. The collector is told up to which version all is here, and repeats
 * what is later, so that nothing is lost by a crash on either side; told twice changes nothing.
 *
 * A collector that was taken over can hide alerts, no more: everything is bounded, an exception ends at
 * the latest EXCEPTIONS_UNTIL_MAX_NS after it was told, and `status` names what is hidden whole. One that is
 * over stays here while there is room: a clock that was wrong for a while ends none. On the keeper's loop. */
#pragma once

#include "agent/keeper/store.h"

#define EXCEPTIONS_UNTIL_MAX_NS (INT64_C(400) * 86400 * 1000000000)

enum {
    EXCEPTIONS_MAX = 500,
    EXCEPTIONS_VERDICTS_MAX = 200, /* waiting; the oldest gives way */
    EXCEPTIONS_TOLD_MAX = 200,     /* of one answer that are looked at */
    EXCEPTIONS_WHOLE_MAX = 64,     /* named in `status` */
};

struct exceptions;

/* With what the store holds of an earlier life; what is damaged there is told again by the collector.
 * `store` must outlive it. VG_ERR_NOMEM, VG_ERR_SYS. */
enum vg_err exceptions_open(struct store *store, struct exceptions **out) VG_MUST_CHECK;
void exceptions_free(struct exceptions *e); /* NULL is fine */

/* As whom we are enrolled: what was told to another, by another collector perhaps, counts no more. */
void exceptions_agent(struct exceptions *e, const char *agent);
/* What hello says: all up to this version is here. */
int64_t exceptions_version(const struct exceptions *e);
/* What hello brought. True when there was something: it is durable, and the collector should hear so. */
bool exceptions_take(struct exceptions *e, const json_t *answer, int64_t now_ns);

/* The set changed since the last call (or was never asked for): {"exceptions": [...]} as the sensors take
 * it, new reference; NULL: it is as it was. */
json_t *exceptions_changed(struct exceptions *e, int64_t now_ns);

/* Gives verdicts to fn, oldest first, at most `max` that it takes; false: its sensor cannot now, it stays: {"sensor", "detector", "subject", "peer", "verdict", "incident"}. */
typedef bool exceptions_verdict_fn(void *ctx, const json_t *verdict);
void exceptions_deliver(struct exceptions *e, size_t max, exceptions_verdict_fn *fn, void *ctx);

/* {"exceptions": n, "waiting": n, "refused": n, "whole": [{"detector", "until"}]}: for `status`; whole: of any
 * subject and peer. New reference. */
json_t *exceptions_status(const struct exceptions *e);
