/* SPDX-License-Identifier: Apache-2.0 */
/* mail_alert: what the owner reads: an incident as a mail, in text and HTML.
 *
 * First what happened against what is usual, why it matters, the one thing to do now, and whom to
 * call; below it the details for the technician. Times are the shop's. No pictures, no links:
 * names and addresses that came from outside are written so that no mail program makes a link of
 * them ("evil[.]example"), without control or hidden characters. */
#pragma once

#include "common/event.h"
#include "common/texts.h"

enum { MAIL_EVIDENCE_SHOWN = 5, MAIL_LIST_SHOWN = 50 };

struct mail_text {
    char *subject, *text, *html; /* owned */
};
void mail_text_done(struct mail_text *m);

/* One incident. Texts are borrowed. */
struct mail_alert {
    const json_t *event;    /* the one that speaks for it */
    const char *incident;   /* its id */
    enum severity severity; /* of the incident */
    int64_t first_ns, last_ns, count;
    int64_t agents; /* how many saw it; 0: not said */
    bool update;    /* the owner was told before, it is worse now */
};

/* To whom and about what shop. */
struct mail_reader {
    struct text_view view;
    const char *help_name, *help_phone; /* the IT provider; NULL: unknown */
    const char *dashboard;              /* where the technician finds more; NULL */
};

/* VG_ERR_NOMEM, VG_ERR_LIMIT. */
enum vg_err mail_alert_render(const struct texts *texts, const struct mail_reader *reader,
                              const struct mail_alert *alert, struct mail_text *out) VG_MUST_CHECK;

enum mail_list_kind {
    MAIL_LIST_LATE, /* alerts that were old when they arrived */
    MAIL_LIST_CAP,  /* what came after the day's mails were used up */
    MAIL_LIST_FULL, /* the day's mails are used up: this is said once; the list has what caused it */
};
/* Several incidents in one mail, the gravest first as given; `more`: how many are not in it. */
enum vg_err mail_list_render(const struct texts *texts, const struct mail_reader *reader,
                             enum mail_list_kind kind, const struct mail_alert *alerts,
                             size_t count, int64_t more, struct mail_text *out) VG_MUST_CHECK;

/* A copy of an event whose texts are harmless in a mail. New reference, NULL without memory. */
json_t *mail_harmless(const json_t *event);
