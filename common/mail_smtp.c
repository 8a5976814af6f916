/* SPDX-License-Identifier: Apache-2.0 */
/* SMTP submission by libcurl, which speaks the protocol, TLS, AUTH and dot-stuffing. */
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mail.h"
#include "common/mail_send.h"

enum { CONNECT_TIMEOUT_S = 30, WHOLE_TIMEOUT_S = 120, PASSWORD_MAX = 512 };

static const char *const TLS_MODES[] = {"starttls", "tls", "none", NULL};

static bool
check_host(const char *text, char why[160])
{
    if (text[strcspn(text, "/@:? \t\r\n[]")] == '\0')
        return true;
    snprintf(why, 160, "the name of a mail server, without port or path");
    return false;
}

const struct conf_field MAIL_SMTP_SCHEMA[] = {
    {.key = "host",
     .type = CONF_TEXT,
     .required = true,
     .min = 1,
     .max = 253,
     .check = check_host,
     .example = "host: smtp.example.mx"},
    {.key = "port",
     .type = CONF_INT,
     .fallback = "587",
     .min = 1,
     .max = 65535,
     .example = "port: 587"},
    {.key = "tls",
     .type = CONF_CHOICE,
     .choices = TLS_MODES,
     .fallback = "starttls",
     .example = "tls: starttls"},
    {.key = "user", .type = CONF_TEXT, .max = 254},
    {.key = "password", .type = CONF_TEXT, .max = PASSWORD_MAX},
    {.key = "password_file",
     .type = CONF_TEXT,
     .max = 4096,
     .example = "password_file: /etc/vigia/smtp.password"},
    {.key = "ca_file", .type = CONF_TEXT, .max = 4096},
    {.key = NULL},
};

struct mail_smtp {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *recipients;
    struct slice left; /* of the message */
    char error[CURL_ERROR_SIZE];
};

static size_t
give(char *to, size_t size, size_t n, void *ctx)
{
    struct mail_smtp *s = ctx;
    size_t want = size * n < s->left.left ? size * n : s->left.left;

    return slice_copy(&s->left, to, want) ? want : 0;
}

/* The first line of the file. */
static bool
read_password(const char *path, char out[PASSWORD_MAX])
{
    FILE *f = fopen(path, "r");
    bool ok = f != NULL && fgets(out, PASSWORD_MAX, f) != NULL;

    if (f != NULL)
        fclose(f);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    return ok;
}

static bool
set_login(CURL *easy, const json_t *smtp, char why[MAIL_WHY_MAX])
{
    const char *user = vg_json_str(smtp, "user", NULL);
    const char *password = vg_json_str(smtp, "password", NULL);
    const char *path = vg_json_str(smtp, "password_file", NULL);
    char secret[PASSWORD_MAX];
    bool ok;

    if (user == NULL || user[0] == '\0')
        return true;
    if (path != NULL && (password == NULL || password[0] == '\0')) {
        if (!read_password(path, secret)) {
            snprintf(why, MAIL_WHY_MAX, "cannot read password_file");
            return false;
        }
        password = secret;
    }
    ok = curl_easy_setopt(easy, CURLOPT_USERNAME, user) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_PASSWORD, password != NULL ? password : "") == CURLE_OK;
    OPENSSL_cleanse(secret, sizeof secret);
    return ok;
}

static bool
set_server(CURL *easy, const json_t *smtp, char why[MAIL_WHY_MAX])
{
    const char *mode = vg_json_str(smtp, "tls", "starttls");
    const char *ca = vg_json_str(smtp, "ca_file", NULL);
    bool tls = strcmp(mode, "tls") == 0, plain = strcmp(mode, "none") == 0;
    char url[300];

    /* The path is what we say in EHLO. */
    snprintf(url, sizeof url, "%s://%s:%d/vigia.invalid", tls ? "smtps" : "smtp",
             vg_json_str(smtp, "host", ""), (int)vg_json_int(smtp, "port", 587));
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USE_SSL,
                            (long)(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL)) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (ca == NULL || curl_easy_setopt(easy, CURLOPT_CAINFO, ca) == CURLE_OK) &&
           set_login(easy, smtp, why);
}

static bool
set_message(struct mail_smtp *s, const char *from, const char *to)
{
    char reverse[MAIL_ADDRESS_MAX + 3], forward[MAIL_ADDRESS_MAX + 3];

    snprintf(reverse, sizeof reverse, "<%s>", from);
    snprintf(forward, sizeof forward, "<%s>", to);
    s->recipients = curl_slist_append(NULL, forward);
    return s->recipients != NULL &&
           curl_easy_setopt(s->easy, CURLOPT_MAIL_FROM, reverse) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_MAIL_RCPT, s->recipients) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_READFUNCTION, give) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_READDATA, s) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->error) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S) == CURLE_OK &&
           curl_easy_setopt(s->easy, CURLOPT_TIMEOUT, (long)WHOLE_TIMEOUT_S) == CURLE_OK;
}

enum vg_err
mail_smtp_start(const json_t *smtp, const char *from, const char *to, struct slice message,
                struct mail_smtp **out, char why[MAIL_WHY_MAX])
{
    struct mail_smtp *s = NULL;
    enum vg_err err = VG_ERR_CONFIG;

    snprintf(why, MAIL_WHY_MAX, "cannot prepare the connection");
    if (smtp == NULL || !mail_address_valid(from) || !mail_address_valid(to)) {
        snprintf(why, MAIL_WHY_MAX, "no server, sender or recipient");
        return VG_ERR_CONFIG;
    }
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return VG_ERR_NOMEM;
    s->left = message;
    s->easy = curl_easy_init();
    s->multi = curl_multi_init();
    if (s->easy == NULL || s->multi == NULL) {
        err = VG_ERR_NOMEM;
        goto fail;
    }
    if (!set_server(s->easy, smtp, why) || !set_message(s, from, to) ||
        curl_multi_add_handle(s->multi, s->easy) != CURLM_OK)
        goto fail;
    *out = s;
    return VG_OK;
fail:
    mail_smtp_free(s);
    return err;
}

/* 5xx from the server is final, unless it is about our login (530, 534, 535): that can be mended. */
static enum mail_result
judge_result(struct mail_smtp *s, CURLcode code, char why[MAIL_WHY_MAX])
{
    long status = 0;

    if (code == CURLE_OK)
        return MAIL_SENT;
    if (curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
        status = 0;
    snprintf(why, MAIL_WHY_MAX, "%.150s (%ld)",
             s->error[0] != '\0' ? s->error : curl_easy_strerror(code), status);
    if (code == CURLE_LOGIN_DENIED || status == 530 || status == 534 || status == 535)
        return MAIL_RETRY;
    return status >= 500 && status < 600 ? MAIL_REFUSED : MAIL_RETRY;
}

enum vg_err
mail_smtp_step(struct mail_smtp *s, enum mail_result *result, char why[MAIL_WHY_MAX])
{
    int running = 0, queued = 0;
    CURLMsg *m;

    if (curl_multi_perform(s->multi, &running) != CURLM_OK) {
        snprintf(why, MAIL_WHY_MAX, "the connection could not go on");
        *result = MAIL_RETRY;
        return VG_OK;
    }
    while ((m = curl_multi_info_read(s->multi, &queued)) != NULL)
        if (m->msg == CURLMSG_DONE) {
            *result = judge_result(s, m->data.result, why);
            return VG_OK;
        }
    if (running > 0)
        return VG_AGAIN;
    snprintf(why, MAIL_WHY_MAX, "the connection ended without a result");
    *result = MAIL_RETRY;
    return VG_OK;
}

void
mail_smtp_free(struct mail_smtp *s)
{
    if (s == NULL)
        return;
    if (s->multi != NULL && s->easy != NULL)
        (void)curl_multi_remove_handle(s->multi, s->easy);
    if (s->easy != NULL)
        curl_easy_cleanup(s->easy);
    if (s->multi != NULL)
        (void)curl_multi_cleanup(s->multi);
    curl_slist_free_all(s->recipients);
    free(s);
}

enum mail_result
mail_smtp_send(const json_t *smtp, const char *from, const char *to, struct slice message,
               char why[MAIL_WHY_MAX])
{
    struct mail_smtp *s = NULL;
    enum mail_result result = MAIL_RETRY;

    if (mail_smtp_start(smtp, from, to, message, &s, why) != VG_OK)
        return MAIL_RETRY;
    while (mail_smtp_step(s, &result, why) == VG_AGAIN)
        if (curl_multi_poll(s->multi, NULL, 0, 1000, NULL) != CURLM_OK)
            break; /* result is still MAIL_RETRY */
    mail_smtp_free(s);
    return result;
}
