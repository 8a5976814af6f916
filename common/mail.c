/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail.h"

#include <stdio.h>
#include <string.h>

#include "common/mail_encode.h"
#include "common/str.h"

static bool
is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* RFC 5322 atext. */
static bool
is_atext(uint8_t c)
{
    return is_alnum(c) || (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Dot-separated parts, none empty, of characters that `ok` lets through. */
static bool
is_dotted(struct slice s, bool (*ok)(uint8_t))
{
    uint8_t last = '.';

    while (s.left > 0) {
        uint8_t c = slice_u8(&s);

        if (c == '.' ? last == '.' : !ok(c))
            return false;
        last = c;
    }
    return last != '.';
}

static bool
is_domain_char(uint8_t c)
{
    return is_alnum(c) || c == '-';
}

bool
mail_address_valid(const char *address)
{
    size_t len = strnlen(address, MAIL_ADDRESS_MAX + 1);
    const char *at = memchr(address, '@', len);
    struct slice s = slice_of(address, len), local;

    if (len > MAIL_ADDRESS_MAX || at == NULL || at - address > 64)
        return false;
    local = slice_sub(&s, (size_t)(at - address));
    slice_skip(&s, 1);
    return local.left > 0 && s.left > 0 && is_dotted(local, is_atext) &&
           is_dotted(s, is_domain_char);
}

bool
mail_id(const char *name, unsigned n, char out[MAIL_ID_SIZE])
{
    int len;

    if (!is_dotted(slice_of(name, strlen(name)), is_domain_char))
        return false;
    len = snprintf(out, MAIL_ID_SIZE, "<%s.%u@vigia.invalid>", name, n);
    return len > 0 && len < MAIL_ID_SIZE;
}

static bool
id_valid(const char *id)
{
    size_t len = strnlen(id, MAIL_ID_SIZE);
    char inner[MAIL_ID_SIZE];

    if (len < 5 || len >= MAIL_ID_SIZE || id[0] != '<' || id[len - 1] != '>')
        return false;
    memcpy(inner, id + 1, len - 2);
    inner[len - 2] = '\0';
    return mail_address_valid(inner);
}

static void
put_date(struct buf *out, int64_t t_ns, const struct zone *zone)
{
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct zone_local l;
    int32_t off;

    zone_to_local(zone, t_ns, &l);
    off = l.offset_s < 0 ? -l.offset_s : l.offset_s;
    buf_printf(out, "Date: %.3s, %02u %.3s %04d %02u:%02u:%02u %c%02d%02d\r\n",
               days + 3 * (l.weekday % 7), l.day, months + 3 * ((l.month - 1) % 12), l.year, l.hour,
               l.min, l.sec, l.offset_s < 0 ? '-' : '+', (int)(off / 3600), (int)(off / 60 % 60));
}

/* A boundary that cannot stand in the parts: quoted-printable never writes "=_" (RFC 2045, 6.7). */
static const char BOUNDARY[] = "=_vigia_part";

static void
put_part(struct buf *out, const char *mime, const char *body)
{
    buf_printf(out,
               "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
               BOUNDARY, mime);
    mail_put_quoted_printable(out, slice_of(body, strlen(body)));
    buf_put_str(out, "\r\n");
}

enum vg_err
mail_build(const struct mail_message *m, struct buf *out)
{
    struct buf b;
    enum vg_err err = VG_OK;

    if (!mail_address_valid(m->from) || !mail_address_valid(m->to) || !id_valid(m->id) ||
        (m->references != NULL && !id_valid(m->references)))
        return VG_ERR_FORMAT;
    buf_init(&b, MAIL_BYTES_MAX);
    put_date(&b, m->time_ns, m->zone);
    mail_put_address(&b, "From", m->from_name, m->from);
    mail_put_address(&b, "To", NULL, m->to);
    mail_put_header(&b, "Subject", m->subject);
    buf_printf(&b, "Message-ID: %s\r\n", m->id);
    if (m->references != NULL)
        buf_printf(&b, "In-Reply-To: %s\r\nReferences: %s\r\n", m->references, m->references);
    mail_put_header(&b, "Content-Language", m->language);
    /* RFC 3834: nobody's holiday notice should answer. */
    buf_put_str(&b, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
    buf_printf(&b, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", BOUNDARY);
    put_part(&b, "text/plain", m->text);
    put_part(&b, "text/html", m->html);
    buf_printf(&b, "--%s--\r\n", BOUNDARY);
    if (b.bad)
        err = b.len + 65536 > MAIL_BYTES_MAX ? VG_ERR_LIMIT : VG_ERR_NOMEM;
    else
        buf_put(out, b.data, b.len);
    buf_done(&b);
    return err == VG_OK && out->bad ? VG_ERR_LIMIT : err;
}
