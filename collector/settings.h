/* SPDX-License-Identifier: Apache-2.0 */
/* settings: what is set for agents (common/settings.h) on its way to them. It is signed with
 * STATE/pki/settings.key, an Ed25519 key as PEM, made where there is none. Agents pin its public part at
 * enrolment, so it belongs into the same safe place as the rest of pki. Read by all threads once open. */
#pragma once

#include "collector/config.h"
#include "collector/store/store.h"
#include "common/ed25519.h"

struct settings_key {
    struct buf pem;
    char public[2 * ED25519_KEY + 1]; /* hex */
    bool made; /* just now: agents enrolled before take nothing signed with it */
};

/* VG_ERR_FORMAT: the file is damaged; errors of files.h. */
enum vg_err settings_key_open(const struct collector_config *config,
                              struct settings_key *out) VG_MUST_CHECK;
/* Into the answer to a hello: the public key, and the signed document where what is set for this agent is
 * not what it has: its version is `has`. Where that is above what is set here (a backup was restored, or a
 * clock was wrong once), the document goes under a version above that, for this agent alone. */
enum vg_err settings_offer(const struct settings_key *k, struct storage *s,
                           const struct storage_agent *agent, int64_t has,
                           json_t *answer) VG_MUST_CHECK;
void settings_key_done(struct settings_key *k); /* zeroed is fine */
