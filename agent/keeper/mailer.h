/* SPDX-License-Identifier: Apache-2.0 */
/* mailer: mails to the owner from an agent that stands alone (an enrolled one leaves them to the
 * collector: do not make one then).
 *
 * The queue is the store: events after the stored value "mailed" are still to be looked at, and
 * that value moves only once a mail is durable where it goes, so a mail may come twice but never
 * not at all; its Message-ID is the same both times. One mail an incident, an update when it grew
 * more severe, a cap a day (mail_policy.h). Runs on the keeper's loop and never blocks it. */
#pragma once

#include <event2/event.h>

#include "agent/config.h"
#include "agent/keeper/store.h"
#include "common/texts.h"

struct mailer;

/* Everything borrowed outlives the mailer. VG_ERR_NOENT: no address or route is configured (nothing
 * to do: *out untouched). VG_ERR_CONFIG, VG_ERR_NOMEM. */
enum vg_err mailer_new(struct event_base *loop, struct store *store,
                       const struct agent_config *config, const struct texts *texts,
                       struct mailer **out) VG_MUST_CHECK;
/* There are new events (also at the start). Cheap; NULL is fine. */
void mailer_kick(struct mailer *mailer);
/* For `status`: {"to", "transport", "sent", "waiting", "last_error"}. New reference. */
json_t *mailer_status(const struct mailer *mailer);
void mailer_free(struct mailer *mailer);
