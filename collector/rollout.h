/* SPDX-License-Identifier: Apache-2.0 */
/* rollout: how a bundle of rules comes to the agents. First to a ring of canaries, a share of the agents
 * chosen by the hash of their id; then, after a quiet time in which all of them that are switched on
 * run it without a crash, a refusal or a storm of alerts, to all. Whatever goes wrong before stops
 * it; and so it is afterwards, when several agents cannot use it.
 *
 * States of a bundle: canary, all, stopped, superseded (a newer one took its place in the ring).
 * States of an agent with it: chosen, running, waiting (its disk or clock), refused, left. */
#pragma once

#include "collector/store/store.h"

enum {
    ROLLOUT_SHARE = 10,      /* per cent of the agents */
    ROLLOUT_STORM = 10,      /* alerts that are no storm yet, whatever was usual */
    ROLLOUT_STORM_TIMES = 5, /* and so many times what was usual are one */
};
#define ROLLOUT_QUIET_NS (INT64_C(3600) * 1000000000)
/* Chosen are those that were heard of lately, where there are such. */
#define ROLLOUT_LATELY_NS (INT64_C(86400) * 1000000000)

/* Publishes: `b` with its version, times and share; tenants NULL or ids. In a transaction. The share of
 * 100 goes to all at once. VG_ERR_EXISTS: the version does not rise. */
enum vg_err rollout_publish(struct storage *s, struct storage_bundle *b, struct slice whole,
                            const char (*tenants)[UUID_TEXT_SIZE], size_t tenant_count,
                            const char *who, int64_t now_ns) VG_MUST_CHECK;
/* The ids (an array of {"id", "seen"}) of the ring: *out an array of texts. */
enum vg_err rollout_ring(const json_t *agents, int64_t share, int64_t now_ns,
                         json_t **out) VG_MUST_CHECK;

/* What an agent's hello says of bundles ("bundle" of its status), into the rows. In a transaction. */
enum vg_err rollout_heard(struct storage *s, const char *agent, const json_t *bundle,
                          int64_t now_ns) VG_MUST_CHECK;

/* Looks at all bundles on their way, and decides; logs and audits what changes. In a transaction. */
enum vg_err rollout_judge(struct storage *s, int64_t now_ns) VG_MUST_CHECK;
/* Is there one to look at? VG_OK or VG_ERR_NOENT. */
enum vg_err rollout_pending(struct storage *s, int64_t now_ns) VG_MUST_CHECK;

enum rollout_verdict { ROLLOUT_WAIT, ROLLOUT_PROMOTE, ROLLOUT_STOP };
/* The decision by itself: rows as bundle_ring() gives them, with "alerts" and "before" (alerts since it
 * runs, and in the STORAGE_NOISE_BEFORE_NS before that). */
enum rollout_verdict rollout_decide(const struct storage_bundle *b, const json_t *ring,
                                    int64_t now_ns, char why[STORAGE_WHY_MAX]);
