/* SPDX-License-Identifier: Apache-2.0 */
/* countries: names of countries for people. */
#pragma once

#include "common/base.h"

/* The name behind an ISO 3166-1 alpha-2 code in capitals, in Spanish or English, UTF-8, static;
 * NULL for what is no such code. */
const char *country_name(const char *code, bool spanish);
