/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "common/vtime.h"

void
mail_name(const char *id, int64_t time_ns, char out[MAIL_NAME_SIZE])
{
    snprintf(out, MAIL_NAME_SIZE, "%" PRId64 ".%016" PRIx64 ".vigia", time_ns / VG_SEC_NS,
             str_hash(&STR_HASH_STORED, id, strlen(id)));
}

enum mail_result
mail_send(const struct mail_route *route, const char *from, const char *to, const char *id,
          int64_t time_ns, struct slice message, char why[MAIL_WHY_MAX])
{
    char name[MAIL_NAME_SIZE];
    enum vg_err err;

    if (route->kind == MAIL_ROUTE_SMTP)
        return mail_smtp_send(route->smtp, from, to, message, why);
    mail_name(id, time_ns, name);
    err = route->deliver(route->folder, name, message);
    if (err == VG_OK || err == VG_ERR_EXISTS)
        return MAIL_SENT;
    snprintf(why, MAIL_WHY_MAX, "cannot write into %.120s (%s)", route->folder, vg_err_name(err));
    return MAIL_RETRY;
}
