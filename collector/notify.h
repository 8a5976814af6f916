/* SPDX-License-Identifier: Apache-2.0 */
/* notify: sends the mails of the outbox, on a thread of its own with a database connection of its own.
 *
 * A mail is claimed under a lease, rendered in the site's language and zone, sent, and only then
 * marked: a collector that dies between sends it again, with the same Message-ID. A passing failure
 * is tried again with back-off (mail_policy.h) for NOTIFY_EXPIRY_NS; what the mail server refuses
 * is marked failed and shown on the dashboard. Which mails there are, the storage engine decides
 * when an incident begins or grows graver (mail_queue). */
#pragma once

#include "common/mail_send.h"
#include "common/texts.h"

#define NOTIFY_EXPIRY_NS (INT64_C(4) * 24 * 3600 * 1000000000)

/* Borrowed for the life of the notifier. */
struct notify_options {
    const char *database; /* storage_open()'s `where` */
    const struct texts *texts;
    struct mail_route route; /* `deliver` is set here */
    const char *from;
    const char *dashboard;   /* its address, for the technician; NULL */
    const uint8_t *link_key; /* collector/password_link.h */
};

struct notify;
enum { NOTIFY_WHY_MAX = 256 };

/* Opens the database and starts the thread. `why` is for people. */
enum vg_err notify_start(const struct notify_options *options, struct notify **out,
                         char why[NOTIFY_WHY_MAX]) VG_MUST_CHECK;
/* Something was queued. From any thread, cheap. It looks by itself every 15 seconds, too. */
void notify_kick(struct notify *n);
/* Ends the thread after the mail that it is sending, and frees. NULL is fine. */
void notify_stop(struct notify *n);
