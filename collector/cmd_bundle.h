/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_bundle: what the files of the command `bundle` share. Included nowhere else. */
#pragma once

#include "collector/cli.h"
#include "common/bundle.h"

/* By the place in cmd_bundle()'s options. */
enum bundle_option {
    OPT_OUT,
    OPT_KEY,
    OPT_VERSION,
    OPT_EXPIRES,
    OPT_NOTE,
    OPT_TESTS,
    OPT_TENANT,
    OPT_CANARY,
    OPT_QUIET,
    OPT_TO,
    OPT_JSON,
};

struct bundle_call {
    const struct command *self;
    struct cli_line line;
    const char *verb, *operand; /* operand NULL: none */
};

/* "vigia-collector bundle: FILE: why"; returns the exit code for that error. */
int bundle_failed(const char *path, enum vg_err err, const struct bundle_error *error);
/* The whole file, at most BUNDLE_BYTES_MAX. Tells; VG_OK or the error. */
enum vg_err bundle_slurp(const char *path, struct buf *out) VG_MUST_CHECK;
/* A signing key, refused where others may read it. Tells. *pem: the caller's to wipe and free. */
enum vg_err bundle_key_load(const char *path, struct buf *pem) VG_MUST_CHECK;
void bundle_key_wipe(struct buf *pem);
/* YYYYMMDDhhmm in UTC. */
int64_t bundle_version_of(int64_t now_ns);
/* --version, --expires and --note over what stands in *wish. False: told. */
bool bundle_wishes(const struct bundle_call *c, struct bundle_wish *wish);

/* cmd_bundle_publish.c: on the collector */
int bundle_trust(const struct bundle_call *c);
int bundle_publish(const struct bundle_call *c);
int bundle_status(const struct bundle_call *c);
int bundle_stop(const struct bundle_call *c);
int bundle_rollback(const struct bundle_call *c);

/* cmd_bundle_make.c: without a collector, on any machine */
int bundle_keygen(const struct bundle_call *c);
int bundle_build(const struct bundle_call *c);
int bundle_sign_file(const struct bundle_call *c);
int bundle_show(const struct bundle_call *c);
