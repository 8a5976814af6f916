/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper says of itself and its workers. */
#include "agent/keeper/keeper_private.h"
#include "common/log.h"

static json_t *
blind_spots(const struct keeper *k)
{
    json_t *list = json_array();

    if (k->config->net_enabled && k->config->mode == NET_MODE_ENDPOINT)
        (void)json_array_append_new(
            list, json_string("other PCs on the switch: this agent sees its own PC's traffic"));
    if (k->config->net_enabled)
        (void)json_array_append_new(list, json_string("the content of encrypted connections"));
    if (!k->config->net_enabled)
        (void)json_array_append_new(list, json_string("the network: it is switched off"));
    if (k->config->payment_count == 0)
        (void)json_array_append_new(list, json_string("payments: no log is configured"));
    if (k->config->file_count == 0)
        (void)json_array_append_new(list, json_string("files: no folder is configured"));
    return list;
}

static void
tell_hour(void *ctx, json_t *facts)
{
    struct keeper *k = ctx;
    int64_t now = vtime_now();

    if (store_event(k->store,
                    health_event("agent.hour", SEVERITY_INFO, store_id(k->store), now, facts),
                    now) == VG_OK)
        ship_kick(k->ship);
}

void
keeper_write_status(struct keeper *k)
{
    json_t *workers = k->supervisor != NULL ? supervisor_status(k->supervisor) : NULL;
    json_t *status = json_pack(
        "{s:s, s:s, s:s, s:b, s:{s:s, s:I, s:I, s:I}, s:o, s:o}", "version", VIGIA_VERSION, "state",
        k->state, "started", k->started, "sandbox", k->options->sandbox, "store", "id",
        store_id(k->store), "last_seq", (json_int_t)store_last_seq(k->store), "shipped",
        (json_int_t)store_shipped(k->store), "bytes", (json_int_t)store_bytes(k->store), "workers",
        workers != NULL ? workers : json_array(), "blind", blind_spots(k));
    json_t *mail = k->mailer != NULL ? mailer_status(k->mailer) : NULL;
    enum vg_err err;

    if (ship_enrolled(k->ship)) /* they are for the collector's pictures */
        hours_look(&k->hours, json_object_get(status, "workers"), k->state[0] == 's', vtime_now(),
                   tell_hour, k);

    if (status != NULL && k->ship != NULL)
        (void)json_object_set_new(status, "collector", ship_status(k->ship));
    if (status != NULL && mail != NULL)
        (void)json_object_set(status, "mail", mail);
    json_decref(mail);
    if (status != NULL && k->exceptions != NULL)
        (void)json_object_set_new(status, "feedback", exceptions_status(k->exceptions));
    if (status != NULL && k->bundles != NULL)
        (void)json_object_set_new(status, "bundle", bundle_care_status(k->bundles));
    if (status != NULL && k->settings != NULL)
        (void)json_object_set_new(status, "settings", settings_care_status(k->settings));
    err = status_write(&k->status, status, vtime_now());

    if (err != VG_OK)
        log_event(LOG_LEVEL_WARN, "status.write", "error=%s", vg_err_name(err));
}

json_t *
keeper_shipped_status(void *ctx)
{
    struct keeper *k = ctx;
    json_t *workers = k->supervisor != NULL ? supervisor_status(k->supervisor) : json_array();

    return json_pack("{s:s, s:b, s:o, s:o, s:o}", "started", k->started, "sandbox",
                     k->options->sandbox, "workers", workers, "bundle",
                     bundle_care_status(k->bundles), "settings", settings_care_status(k->settings));
}
