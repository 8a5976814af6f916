/* SPDX-License-Identifier: Apache-2.0 */
/* figures: what the agents' hours come to for the pictures of a shop: bytes, and sales by currency, against
 * what was usual at that hour of such a day. Kept for FIGURES_KEEP_NS. */
#pragma once

#include "collector/store/store.h"
#include "common/zone.h"

enum { FIGURES_DAYS = 7, FIGURES_KINDS_MAX = 12, FIGURES_BAND_LEAST = 6 };
#define FIGURES_KEEP_NS (INT64_C(90) * 86400 * 1000000000)

/* Adds what an event agent.hour of a site says; one that says nothing of use does nothing. In a
 * transaction, once for each event: the hours of a site are sums. */
enum vg_err figures_take(struct storage *s, const char *site, const json_t *event,
                         int64_t now_ns) VG_MUST_CHECK;

/* GET /api/figures/ID without "zone": {"from", "hours": n, "kinds": {"in": KIND, "out", "sales:MXN",
 * "amount:MXN", ...}}, KIND {"values": [n or null], "low": [...], "high": [...]}: the last FIGURES_DAYS days.
 * low to high: the middle 80 % of the same hour on such days (Monday to Friday, Saturday, Sunday) of the
 * 80 days before, where FIGURES_BAND_LEAST of them are known; else null. `rows`: as storage gives them. */
enum vg_err figures_page(const json_t *rows, const struct zone *zone, int64_t now_ns,
                         json_t **out) VG_MUST_CHECK;
