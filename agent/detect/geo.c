/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/geo.h"

#include <stdlib.h>

/* The databases come with their reader; until then every address is unknown. */
struct geo {
    char unused;
};

enum vg_err
geo_open(const char *dir, struct geo **out)
{
    (void)dir;
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

void
geo_free(struct geo *geo)
{
    free(geo);
}

bool
geo_find(const struct geo *geo, const struct net_addr *a, struct geo_place *out)
{
    (void)geo;
    (void)a;
    *out = (struct geo_place){.country = ""};
    return false;
}
