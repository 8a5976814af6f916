/* SPDX-License-Identifier: Apache-2.0 */
/* files: small whole files of the collector: keys, certificates, mails. */
#pragma once

#include "common/buf.h"

/* The whole file, at most `max` bytes. VG_ERR_NOENT, VG_ERR_LIMIT, VG_ERR_SYS. */
enum vg_err files_read(const char *path, size_t max, struct buf *out) VG_MUST_CHECK;
/* Whole new content or the old one, durable on return; readable by this user alone if `secret`. */
enum vg_err files_replace(const char *path, struct slice content, bool secret) VG_MUST_CHECK;
/* Makes a folder (mode 0700) with its parents (0755); fine when it is there. */
enum vg_err files_folder(const char *path) VG_MUST_CHECK;
