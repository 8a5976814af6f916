/* SPDX-License-Identifier: Apache-2.0 */
/* site_check: what a name, and the fields of a shop, may be; for the commands and the API alike. Pure but
 * for the system's time zones. */
#pragma once

#include "collector/store/store.h"

enum { SITE_WHY_MAX = 160 };

/* Which field of `site` is wrong ("name", "zone", "language", "mail", "hours") with `why` for people, or
 * NULL. */
const char *site_wrong_field(const struct storage_site *site, char why[SITE_WHY_MAX]);
