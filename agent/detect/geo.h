/* SPDX-License-Identifier: Apache-2.0 */
/* geo: country and network owner of an address, for alert texts and detectors.
 *
 * From two files of one folder: country.mmdb (MaxMind DB, by libmaxminddb) and owner.table
 * (geo_owner.h). Both stay open, so that answers come after the lock-down too; an answer allocates
 * nothing. country.mmdb is mapped: under 0.5 MiB of it are in memory after the first answer, at most
 * 3.5 MiB after any number. A registry's country is where a network is registered, not always where
 * its computers stand: say "registered in", and let no alert rest on it alone. */
#pragma once

#include "agent/detect/obs.h"

struct geo; /* opaque */
struct geo_place {
    char country[3]; /* ISO 3166-1 alpha-2, "" unknown */
    uint32_t asn;    /* 0 unknown */
    char owner[64];  /* of the network, UTF-8, "" unknown */
};

/* `dir`: folder with country.mmdb and owner.table; a missing one is no error: it answers less. On
 * VG_OK *out is the caller's. VG_ERR_NOMEM, VG_ERR_FORMAT for a damaged one, VG_ERR_SYS for one that
 * cannot be read: say so and go on without. Before the lock-down. */
enum vg_err geo_open(const char *dir, struct geo **out) VG_MUST_CHECK;
void geo_free(struct geo *geo); /* NULL is fine */

/* False (and *out empty): nothing known; `geo` NULL is fine; local addresses: false. An IPv4 address
 * within an IPv6 one (mapped, RFC 4291 2.5.5.2; NAT64, RFC 6052 2.1) is looked up as IPv4. */
bool geo_find(const struct geo *geo, const struct net_addr *a, struct geo_place *out);

/* The same network, or another one of the same company, which may hold several under several numbers
 * ("AMAZON-02", "Amazon.com, Inc."): the first words of the owners' names agree. */
bool geo_same_owner(const struct geo_place *a, const struct geo_place *b);

/* Which of the two files are there. */
bool geo_has_countries(const struct geo *geo);
bool geo_has_owners(const struct geo *geo);
