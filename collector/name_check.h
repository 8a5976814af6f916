/* SPDX-License-Identifier: Apache-2.0 */
/* name_check: what people, customers, shops and tokens may be called. Pure. */
#pragma once

#include "common/base.h"

/* 1 to STORAGE_NAME_MAX bytes of UTF-8 that look like what they are: no control characters, no marks that turn
 * or hide text, no space at either end. */
bool name_fits(const char *name);
/* One of a person: also none under which the audit trail knows something else. */
bool name_fits_user(const char *name);
