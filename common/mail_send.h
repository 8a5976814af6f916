/* SPDX-License-Identifier: Apache-2.0 */
/* mail_send: hands a built message on: to an SMTP server, or into a maildir folder.
 *
 * What comes back says what to do next; a message is never lost between the two sides, it may
 * arrive twice (its Message-ID is the same both times). */
#pragma once

#include "common/conf.h"

enum mail_result {
    MAIL_SENT,
    MAIL_RETRY,   /* not now: no connection, a 4xx answer, no room */
    MAIL_REFUSED, /* never: the server will not have this message or recipient (5xx) */
};

enum { MAIL_WHY_MAX = 200, MAIL_NAME_SIZE = 64 };

/* Where messages go. Texts are borrowed from the configuration. */
struct mail_route {
    enum { MAIL_ROUTE_MAILDIR, MAIL_ROUTE_SMTP } kind;
    const char *folder; /* maildir: made when missing */
    /* Durable on VG_OK: `content` stands whole under folder/new/name, or not at all; a name that
     * is there already is the same message and stays. From the program: it knows the system. */
    enum vg_err (*deliver)(const char *folder, const char *name, struct slice content);
    const json_t *smtp; /* checked by MAIL_SMTP_SCHEMA */
};

/* The map `smtp:` of both configurations: {host, port, tls: starttls|tls|none, user, password,
 * password_file, ca_file}. TLS with a checked certificate unless said otherwise. */
extern const struct conf_field MAIL_SMTP_SCHEMA[];

/* A maildir name that is the same for the same message. */
void mail_name(const char *id, int64_t time_ns, char out[MAIL_NAME_SIZE]);

/* Sends and waits (30 s to connect, 120 s in all). `why` gets the reason, for the log. */
enum mail_result mail_send(const struct mail_route *route, const char *from, const char *to,
                           const char *id, int64_t time_ns, struct slice message,
                           char why[MAIL_WHY_MAX]) VG_MUST_CHECK;

/* Over SMTP alone. */
enum mail_result mail_smtp_send(const json_t *smtp, const char *from, const char *to,
                                struct slice message, char why[MAIL_WHY_MAX]) VG_MUST_CHECK;

/* For a program with an event loop: the same, piece by piece. */
struct mail_smtp;
/* *out is the caller's; `message` is borrowed until mail_smtp_free(). VG_ERR_CONFIG: `why`. */
enum vg_err mail_smtp_start(const json_t *smtp, const char *from, const char *to,
                            struct slice message, struct mail_smtp **out,
                            char why[MAIL_WHY_MAX]) VG_MUST_CHECK;
/* Goes on without waiting: VG_AGAIN (call again within 100 ms) or VG_OK with *result. */
enum vg_err mail_smtp_step(struct mail_smtp *smtp, enum mail_result *result,
                           char why[MAIL_WHY_MAX]) VG_MUST_CHECK;
void mail_smtp_free(struct mail_smtp *smtp);
