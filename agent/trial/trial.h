/* SPDX-License-Identifier: Apache-2.0 */
/* trial: the process in which a bundle of rules shows what it is worth before anybody runs it
 * (agent/bundle/bundle_try.h is the other side, and says what goes over the stream).
 *
 * Verifies signature, version and times; puts the rules on the disk; then gives up all rights but to
 * read there, compiles and parses everything as the workers will, and tries the bundle's own samples:
 *
 *   tests/yara/fires/RULE/NAME       this rule must find it
 *   tests/yara/quiet/NAME            no rule may
 *   tests/net/fires/DETECTOR/NAME    a capture: this detector must alert
 *   tests/net/quiet/NAME             no detector may
 */
#pragma once

#include "agent/bundle/bundle_try.h"

struct texts;

/* `--worker trial`. Returns the exit code of the process. */
int trial_main(void);

struct trial {
    const struct agent_config *config; /* its rules_dir is the folder to try */
    const struct bundle *bundle;
    struct texts *texts;
    int64_t samples;
};

/* Each: VG_OK, or what is wrong with the bundle in *error. */
/* Log formats: parsed before the lock-down, because they load time zones and converters. */
enum vg_err trial_formats(const struct trial *t, struct bundle_error *error) VG_MUST_CHECK;
/* Detectors with their settings and texts, lists, YARA rules and their pace. */
enum vg_err trial_rules(struct trial *t, struct bundle_error *error) VG_MUST_CHECK;
/* trial_samples.c */
enum vg_err trial_samples(struct trial *t, struct bundle_error *error) VG_MUST_CHECK;
