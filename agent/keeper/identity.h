/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who this agent is to its collector, in STATE/identity/:
 *   key.pem         made here, never leaves the machine
 *   cert.pem        90 days; written last: an agent is enrolled when it is there
 *   ca.pem          the collector's CA, the only one trusted for shipping
 *   collector.json  {"agent", "url", "tenant", "site"}
 *   settings.pub    64 hex digits: who signs settings (agent/keeper/settings_care.h)
 *   bundle.pub      64 hex digits: who signs bundles of rules (agent/bundle), where the collector said
 * and in a folder of its own, STATE-keys/, so that a copy of STATE, or what was stolen of it, tells
 * nobody which card a token is (PCI DSS 3.5.1.1):
 *   token.key       64 hex digits: the key of card tokens, the same in all shops of the tenant
 * Where that folder cannot be made (a folder above that is not ours) it lies in STATE/identity/, and
 * the log says so. A key that an older version left there moves. */
#pragma once

#include "agent/config.h"
#include "common/json.h"
#include "common/pki.h"
#include "common/uuid.h"

enum { IDENTITY_URL_MAX = 300, IDENTITY_PATH_MAX = CONFIG_PATH_MAX };

struct identity {
    char dir[IDENTITY_PATH_MAX]; /* STATE/identity */
    char agent[UUID_TEXT_SIZE], url[IDENTITY_URL_MAX];
    char tenant[130], site[130];
    struct buf key, cert, ca; /* PEM */
    struct pki_info info;     /* of cert */
};

/* VG_ERR_NOENT: not enrolled. VG_ERR_FORMAT: a file is damaged. *out: identity_done(). */
enum vg_err identity_load(const char *state_dir, struct identity *out) VG_MUST_CHECK;
/* The id alone, of collector.json. VG_ERR_NOENT: not enrolled. */
enum vg_err identity_agent(const char *state_dir, char out[UUID_TEXT_SIZE]) VG_MUST_CHECK;
void identity_done(struct identity *identity);

/* The key of card tokens in hex: the tenant's since enrolment, or one that is made here at the first
 * call while the agent stands alone. *out is the caller's to wipe. VG_ERR_FORMAT: the file is
 * damaged. VG_ERR_SYS. */
enum { IDENTITY_TOKEN_KEY_SIZE = 65 };
enum vg_err identity_token_key(const char *state_dir,
                               char out[IDENTITY_TOKEN_KEY_SIZE]) VG_MUST_CHECK;

/* An enrolment's answer (collector/API.md) and the key it was asked with, durable, cert.pem last. */
enum vg_err identity_save(const char *state_dir, struct slice key_pem,
                          const json_t *answer) VG_MUST_CHECK;
/* A renewed certificate takes the old one's place, on disk and in *identity, once it is checked: our
 * key, our collector's CA. VG_ERR_DENIED. */
enum vg_err identity_renew(struct identity *identity, struct slice cert_pem,
                           int64_t now_ns) VG_MUST_CHECK;
