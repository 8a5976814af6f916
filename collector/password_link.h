/* SPDX-License-Identifier: Apache-2.0 */
/* password_link: the link in a mail with which a password is set, once. "ID.HEX": HEX is
 * HMAC-SHA-256 of the id under a key that is not in the database, so that neither the outbox nor a
 * copy of the database holds one that works. */
#pragma once

#include "collector/store/store.h"
#include "common/mail_alert.h"

enum { LINK_KEY = 32, LINK_TEXT = UUID_TEXT_SIZE + 2 * 32 + 1 };

enum vg_err link_text(const uint8_t key[LINK_KEY], const char *id,
                      char out[LINK_TEXT]) VG_MUST_CHECK;
/* Its id. VG_ERR_DENIED: not made with this key. */
enum vg_err link_parse(const uint8_t key[LINK_KEY], const char *text,
                       char id[UUID_TEXT_SIZE]) VG_MUST_CHECK;

/* The mail of a row of mail_claim() of kind "password" or "invitation", in its reader's language;
 * `web`: where the dashboard is. */
enum vg_err link_mail(const uint8_t key[LINK_KEY], const char *web, const json_t *mail,
                      struct mail_text *out) VG_MUST_CHECK;
