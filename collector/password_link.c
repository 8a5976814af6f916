/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/password_link.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/mail_page.h"

enum { MAC = 32, URL_MAX = 512 };

enum vg_err
link_text(const uint8_t key[LINK_KEY], const char *id, char out[LINK_TEXT])
{
    uint8_t mac[EVP_MAX_MD_SIZE];
    char hex[2 * MAC + 1];
    unsigned n = 0;

    if (HMAC(EVP_sha256(), key, LINK_KEY, (const uint8_t *)id, strlen(id), mac, &n) == NULL ||
        n != MAC)
        return VG_ERR_SYS;
    hex_put(mac, MAC, hex);
    return snprintf(out, LINK_TEXT, "%s.%s", id, hex) < LINK_TEXT ? VG_OK : VG_ERR_LIMIT;
}

enum vg_err
link_parse(const uint8_t key[LINK_KEY], const char *text, char id[UUID_TEXT_SIZE])
{
    char right[LINK_TEXT];
    enum vg_err err;

    if (strlen(text) != LINK_TEXT - 1 || text[UUID_TEXT_SIZE - 1] != '.')
        return VG_ERR_DENIED;
    memcpy(id, text, UUID_TEXT_SIZE - 1);
    id[UUID_TEXT_SIZE - 1] = '\0';
    err = link_text(key, id, right);
    if (err == VG_OK && CRYPTO_memcmp(right, text, LINK_TEXT - 1) != 0)
        err = VG_ERR_DENIED;
    return err;
}

static const struct words {
    const char *subject, *title, *lead, *rest, *label, *after;
} WORDS[2][2] = {
    {{"Su contraseña de Vigía", "Ponga una contraseña nueva",
      "Alguien, ojalá usted, pidió cambiar la contraseña de la cuenta «", "».",
      "Abra esta dirección, sirve una sola vez y por una hora",
      "Si usted no la pidió, no haga nada: su contraseña sigue siendo la misma."},
     {"Su cuenta de Vigía", "Bienvenido a Vigía", "Se abrió para usted la cuenta «",
      "». Ahí verá lo que Vigía vigila.",
      "Ponga su contraseña en esta dirección, sirve una sola vez y por una semana",
      "Si no espera este correo, no haga nada y avise a su proveedor."}},
    {{"Your Vigía password", "Choose a new password",
      "Somebody, hopefully you, asked to change the password of the account \"", "\".",
      "Open this address, it works once and for one hour",
      "If it was not you, do nothing: your password stays as it is."},
     {"Your Vigía account", "Welcome to Vigía", "The account \"",
      "\" was made for you. It shows what Vigía watches.",
      "Choose your password at this address, it works once and for a week",
      "If you do not expect this mail, do nothing and tell your provider."}},
};

static char *
taken(struct buf *b)
{
    char *text = NULL;

    buf_put_u8(b, '\0');
    if (!b->bad)
        text = strdup((char *)b->data);
    return text;
}

enum vg_err
link_mail(const uint8_t key[LINK_KEY], const char *web, const json_t *mail, struct mail_text *out)
{
    const char *language = vg_json_str(json_object_get(mail, "site"), "language", "es-MX");
    bool english = strcmp(language, "en") == 0;
    bool invited = strcmp(vg_json_str(mail, "kind", ""), "invitation") == 0;
    const struct words *w = &WORDS[english][invited];
    char text[LINK_TEXT], url[URL_MAX], body[URL_MAX];
    struct mail_page page;
    enum vg_err err = link_text(key, vg_json_str(mail, "key", ""), text);

    if (err != VG_OK)
        return err;
    if (snprintf(url, sizeof url, "%s/#/password/%s", web, text) >= (int)sizeof url)
        return VG_ERR_LIMIT;
    (void)snprintf(body, sizeof body, "%s%s%s", w->lead, vg_json_str(mail, "user", ""), w->rest);
    mail_page_begin(&page, language, "Vigía", w->title);
    mail_page_title(&page, w->title);
    mail_page_plain(&page, body);
    mail_page_link(&page, w->label, url);
    mail_page_plain(&page, w->after);
    mail_page_end(&page, "Vigía");
    out->subject = strdup(w->subject);
    out->text = taken(&page.text);
    out->html = taken(&page.html);
    mail_page_done(&page);
    if (out->subject != NULL && out->text != NULL && out->html != NULL)
        return VG_OK;
    mail_text_done(out);
    return VG_ERR_NOMEM;
}
