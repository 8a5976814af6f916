/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/site_check.h"

#include <stdio.h>
#include <string.h>

#include "collector/name_check.h"
#include "common/hours.h"
#include "common/mail.h"

static bool
zone_fits(const char *name)
{
    struct zone *zone = NULL;
    bool fits = name[0] != '\0' && strcmp(name, "system") != 0 && zone_load(name, &zone) == VG_OK;

    zone_free(zone);
    return fits;
}

static bool
hours_fit(const char *text, char why[SITE_WHY_MAX])
{
    struct shop_hours hours;
    const char *key = "", *what = "write: {\"mon-fri\": \"09:00-20:00\", \"sat\": \"10:00-15:00\"}";
    json_t *tree = NULL;
    bool fits = text[0] == '\0' ||
                (vg_json_parse(slice_of(text, strlen(text)), 4096, &tree) == VG_OK &&
                 json_is_object(tree) && shop_hours_parse(tree, &hours, &key, &what) == VG_OK);

    if (!fits)
        (void)snprintf(why, SITE_WHY_MAX, "%.40s%s%s", key, key[0] != '\0' ? ": " : "", what);
    json_decref(tree);
    return fits;
}

const char *
site_wrong_field(const struct storage_site *site, char why[SITE_WHY_MAX])
{
    if (!name_fits(site->name)) {
        (void)snprintf(why, SITE_WHY_MAX, "a name has 1 to %d bytes", STORAGE_NAME_MAX);
        return "name";
    }
    if (!zone_fits(site->zone)) {
        (void)snprintf(why, SITE_WHY_MAX, "no time zone \"%s\"; write: America/Mexico_City",
                       site->zone);
        return "zone";
    }
    if (strcmp(site->language, "es-MX") != 0 && strcmp(site->language, "en") != 0) {
        (void)snprintf(why, SITE_WHY_MAX, "no language \"%s\"; write: es-MX or en", site->language);
        return "language";
    }
    if (site->mail[0] != '\0' && !mail_address_valid(site->mail)) {
        (void)snprintf(why, SITE_WHY_MAX, "no mail address \"%.100s\"", site->mail);
        return "mail";
    }
    return hours_fit(site->hours, why) ? NULL : "hours";
}
