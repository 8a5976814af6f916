/* SPDX-License-Identifier: Apache-2.0 */
/* geo: country and network owner of an address of the world. */
#pragma once

#include "agent/detect/obs.h"

struct geo;

struct geo_place {
    char country[3]; /* ISO 3166-1 alpha-2, "" unknown */
    uint32_t asn;    /* 0 unknown */
    char owner[64];  /* of the network, UTF-8, "" unknown */
};

/* Folder with the databases; a missing one is no error: it answers less. VG_ERR_NOMEM,
 * VG_ERR_FORMAT for a damaged one. */
enum vg_err geo_open(const char *dir, struct geo **out) VG_MUST_CHECK;
void geo_free(struct geo *geo);
/* False: nothing known. */
bool geo_find(const struct geo *geo, const struct net_addr *a, struct geo_place *out);
