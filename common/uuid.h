/* SPDX-License-Identifier: Apache-2.0 */
/* uuid: RFC 9562 versions 4 (random) and 7 (time first, then random), lower-case text. */
#pragma once

#include "common/base.h"

enum { UUID_TEXT_SIZE = 37 };

/* VG_ERR_SYS when the system has no randomness to give. */
enum vg_err uuid_v4(char out[UUID_TEXT_SIZE]) VG_MUST_CHECK;
enum vg_err uuid_v7(int64_t t_ns, char out[UUID_TEXT_SIZE]) VG_MUST_CHECK;
bool uuid_valid(const char *text);
