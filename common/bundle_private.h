/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_private: what the files of bundle share. Included nowhere else. */
#pragma once

#include "common/bundle.h"

#define BUNDLE_MANIFEST "manifest.json"

const uint8_t *bundle_magic(void); /* BUNDLE_MAGIC bytes */
enum vg_err bundle_hash(struct slice bytes, uint8_t out[BUNDLE_SHA256]) VG_MUST_CHECK;
