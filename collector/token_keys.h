/* SPDX-License-Identifier: Apache-2.0 */
/* token_keys: the keys under which agents turn cards into tokens, one for each tenant, in
 * STATE/pki/tokens.key and nowhere else: the database holds tokens beside last four digits or the first
 * six, and with the key beside them a number would soon be found by trial (PCI DSS 4.0.1, 3.5.1.1).
 *
 * The file has a line "* HEX", from which a tenant's key is made (HMAC-SHA-256 over its id), and a line
 * "TENANT HEX" for each tenant of a database of schema 1, in which the keys themselves stood. Several
 * collectors behind one address share the folder. Read by all threads once it is open. */
#pragma once

#include "collector/config.h"
#include "collector/store/store.h"

enum { TOKEN_KEYS_SIZE = 32, TOKEN_KEYS_TENANTS_MAX = 10000 };

struct token_keys_own {
    char tenant[UUID_TEXT_SIZE];
    uint8_t key[TOKEN_KEYS_SIZE];
};

struct token_keys {
    uint8_t root[TOKEN_KEYS_SIZE];
    struct token_keys_own *own;
    size_t count, room;
    bool made; /* just now: there was no file */
};

/* Reads the file, makes it where there is none, and takes into it what an older database holds, where it
 * is overwritten then. `store` can write. VG_ERR_FORMAT: the file is damaged; VG_ERR_LIMIT: too many
 * tenants; errors of files.h and of storage. */
enum vg_err token_keys_open(const struct collector_config *config, struct storage *store,
                            struct token_keys *out) VG_MUST_CHECK;
void token_keys_done(struct token_keys *k); /* zeroed is fine */

/* A key for something else that must not be in the database, by a word for it. VG_ERR_SYS. */
enum vg_err token_keys_purpose(const struct token_keys *k, const char *purpose,
                               uint8_t out[TOKEN_KEYS_SIZE]) VG_MUST_CHECK;
/* VG_ERR_SYS: OpenSSL refuses. */
enum vg_err token_keys_of(const struct token_keys *k, const char *tenant,
                          uint8_t out[TOKEN_KEYS_SIZE]) VG_MUST_CHECK;
