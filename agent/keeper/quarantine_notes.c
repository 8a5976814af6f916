/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper/quarantine_notes.h"

#include <string.h>

#include "agent/keeper/health.h"
#include "agent/keeper/spool.h"
#include "common/log.h"
#include "common/vtime.h"

/* What the owner did with it by the command: a fact more or less of these makes it none of ours. */
static enum vg_err
on_note(void *ctx, const json_t *note)
{
    static const char *const fields[] = {"quarantine", "path", "sha256", "rule"};
    struct store *store = ctx;
    const char *action = vg_json_str(note, "action", "");
    json_t *facts = json_pack("{s:s}", "action", action);
    int64_t now = vtime_now();
    enum vg_err err =
        strcmp(action, "restored") == 0 || strcmp(action, "dropped") == 0 ? VG_OK : VG_ERR_FORMAT;

    for (size_t i = 0; i < VG_ARRAY_LEN(fields) && err == VG_OK; i++) {
        const char *text = vg_json_str(note, fields[i], NULL);

        if (text == NULL || strlen(text) > PARTY_ID_MAX)
            err = VG_ERR_FORMAT;
        else if (json_object_set_new(facts, fields[i], json_string(text)) != 0)
            err = VG_ERR_NOMEM;
    }
    if (err != VG_OK) {
        json_decref(facts);
        return err;
    }
    return store_event(
        store, health_event("agent.quarantine", SEVERITY_INFO, store_id(store), now, facts), now);
}

void
quarantine_notes_take(const char *state_dir, struct store *store)
{
    size_t refused = 0;
    enum vg_err err = spool_take(state_dir, QUARANTINE_SPOOL, on_note, store, &refused);

    if (refused > 0)
        log_event(LOG_LEVEL_WARN, "quarantine.refused", "files=%zu", refused);
    if (err != VG_OK && err != VG_ERR_NOENT)
        log_event(LOG_LEVEL_WARN, "quarantine.failed", "error=%s", vg_err_name(err));
}
