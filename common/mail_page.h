/* SPDX-License-Identifier: Apache-2.0 */
/* mail_page: a mail's text part and HTML part, written together; inner part of mail_alert.
 * Every value is escaped here. Sticky errors as buf. The order of calls: begin, any blocks, end. */
#pragma once

#include "common/buf.h"
#include "common/event.h"

struct mail_page {
    struct buf text, html;
};

enum { MAIL_PAGE_MAX = 256 * 1024 };

void mail_page_begin(struct mail_page *p, const char *language, const char *shop,
                     const char *preview);
/* The line with the coloured word and the time. */
void mail_page_badge(struct mail_page *p, enum severity severity, const char *word,
                     const char *beside);
void mail_page_title(struct mail_page *p, const char *title);
void mail_page_block(struct mail_page *p, const char *label, const char *body);
void mail_page_box(struct mail_page *p, const char *label, const char *body); /* stands out */
/* As a box, with an address of ours that can be opened: a link is nothing that came from outside. */
void mail_page_link(struct mail_page *p, const char *label, const char *url);
void mail_page_plain(struct mail_page *p, const char *body);
/* Below the line: for the technician. */
void mail_page_details(struct mail_page *p, const char *label);
void mail_page_row(struct mail_page *p, const char *key, const char *value);
void mail_page_end(struct mail_page *p, const char *footer);
void mail_page_done(struct mail_page *p);
