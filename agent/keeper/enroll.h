/* SPDX-License-Identifier: Apache-2.0 */
/* enroll: makes this machine an agent of a collector, once, with a one-time address
 * 'https://HOST:PORT/enroll/TOKEN#sha256=HEX'.
 *
 * The collector's CA comes first, over a connection that is not trusted, and must have the SHA-256 of
 * the address; only then, over a connection that this CA vouches for (or, where the collector shows a
 * public certificate, the system's authorities), goes the token with a request for a certificate. */
#pragma once

#include "agent/keeper/store.h"
#include "common/json.h"

enum { ENROLL_WHY_MAX = 256, ENROLL_URL_MAX = 512 };

struct enroll_url {
    char base[ENROLL_URL_MAX]; /* https://HOST:PORT */
    char token[160];
    uint8_t fingerprint[32];
};
/* VG_ERR_FORMAT. */
enum vg_err enroll_url_parse(const char *text, struct enroll_url *out) VG_MUST_CHECK;

/* Asks, and keeps the answer under state_dir/identity. `store` NULL: none yet; its first seal key then
 * goes up with the first hello. *site is the site's name (caller frees). `why` is for people.
 * VG_ERR_DENIED: the CA is another, or the token was refused; VG_ERR_SYS: no connection;
 * VG_ERR_FORMAT: an answer that makes no sense. */
enum vg_err enroll_run(const struct enroll_url *url, const char *state_dir, struct store *store,
                       char **site, char why[ENROLL_WHY_MAX]) VG_MUST_CHECK;
