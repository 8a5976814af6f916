/* SPDX-License-Identifier: Apache-2.0 */
/* texts_forms: numbers and times as people of the shop's language write them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/countries.h"
#include "common/texts.h"
#include "common/vtime.h"

/* Mexico writes 1,234.50 like English; Spain and most of South America write 1.234,50. */
static bool
comma_decimals(const char *language)
{
    return language != NULL && strncmp(language, "es", 2) == 0 && strcmp(language, "es") != 0 &&
           strcmp(language, "es-MX") != 0;
}

static bool
spanish(const char *language)
{
    return language != NULL && strncmp(language, "es", 2) == 0;
}

void
texts_put_count(struct buf *out, int64_t n, const char *language)
{
    char digits[24];
    size_t len;

    (void)snprintf(digits, sizeof digits, "%llu",
                   (unsigned long long)(n < 0 ? 0 - (uint64_t)n : (uint64_t)n));
    len = strlen(digits);
    if (n < 0)
        buf_put_u8(out, '-');
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf_put_u8(out, comma_decimals(language) ? '.' : ',');
        buf_put_u8(out, (uint8_t)digits[i]);
    }
}

/* ISO 4217 minor units that are not 2. */
static unsigned
minor_digits(const char *currency)
{
    static const char *const none[] = {"CLP", "JPY", "KRW", "PYG", "VND", "ISK", "UGX", "XAF"};
    static const char *const three[] = {"KWD", "BHD", "TND", "OMR", "JOD"};

    for (size_t i = 0; i < VG_ARRAY_LEN(none); i++)
        if (strcmp(currency, none[i]) == 0)
            return 0;
    for (size_t i = 0; i < VG_ARRAY_LEN(three); i++)
        if (strcmp(currency, three[i]) == 0)
            return 3;
    return 2;
}

void
texts_put_money(struct buf *out, int64_t minor, const char *currency, const char *language)
{
    static const uint64_t scale[] = {1, 10, 100, 1000};
    bool dollar = strcmp(currency, "MXN") == 0 || strcmp(currency, "USD") == 0 ||
                  strcmp(currency, "CLP") == 0 || strcmp(currency, "COP") == 0 ||
                  strcmp(currency, "ARS") == 0;
    unsigned digits = minor_digits(currency);
    uint64_t v = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;

    if (minor < 0)
        buf_put_u8(out, '-');
    if (dollar)
        buf_put_u8(out, '$');
    texts_put_count(out, (int64_t)(v / scale[digits]), language);
    if (digits > 0)
        buf_printf(out, "%c%0*llu", comma_decimals(language) ? ',' : '.', (int)digits,
                   (unsigned long long)(v % scale[digits]));
    if (currency[0] != '\0')
        buf_printf(out, " %s", currency);
}

void
texts_put_bytes(struct buf *out, int64_t bytes, const char *language)
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
    double v = (double)bytes;
    size_t u = 0;
    char text[32];

    while (fabs(v) >= 1000 && u + 1 < VG_ARRAY_LEN(units)) {
        v /= 1000;
        u++;
    }
    (void)snprintf(text, sizeof text, u > 0 && fabs(v) < 10 ? "%.1f" : "%.0f", v);
    if (comma_decimals(language) && strchr(text, '.') != NULL)
        *strchr(text, '.') = ',';
    buf_printf(out, "%s %s", text, units[u]);
}

void
texts_put_time(struct buf *out, int64_t t_ns, const struct text_view *view)
{
    static const char *const es[] = {"ene", "feb", "mar", "abr", "may", "jun",
                                     "jul", "ago", "sep", "oct", "nov", "dic"};
    static const char *const en[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    bool in_spanish = spanish(view->language);
    struct zone_local l;

    if (view->zone == NULL) {
        char text[VTIME_TEXT_MAX];

        buf_put_str(out, vtime_format(t_ns / VG_SEC_NS * VG_SEC_NS, text));
        return;
    }
    zone_to_local(view->zone, t_ns, &l);
    if (in_spanish)
        buf_printf(out, "%u %s %d, %02u:%02u", l.day, es[l.month - 1], l.year, l.hour, l.min);
    else
        buf_printf(out, "%s %u, %d, %02u:%02u", en[l.month - 1], l.day, l.year, l.hour, l.min);
}

void
texts_put_duration(struct buf *out, double seconds, const char *language)
{
    static const struct {
        double from, unit;
        const char *es_one, *es_many, *en_one, *en_many;
    } rows[] = {
        {172800, 86400, "día", "días", "day", "days"},
        {7200, 3600, "hora", "horas", "hour", "hours"},
        {120, 60, "minuto", "minutos", "minute", "minutes"},
        {0, 1, "segundo", "segundos", "second", "seconds"},
    };
    bool es = spanish(language);

    if (!isfinite(seconds) || seconds < 0)
        seconds = 0;
    for (size_t i = 0; i < VG_ARRAY_LEN(rows); i++) {
        double n = round(seconds / rows[i].unit);
        bool one = n == 1;

        if (seconds < rows[i].from)
            continue;
        buf_printf(out, "%.0f %s", n,
                   es ? (one ? rows[i].es_one : rows[i].es_many)
                      : (one ? rows[i].en_one : rows[i].en_many));
        return;
    }
}

void
texts_put_country(struct buf *out, const char *code, const char *language)
{
    bool es = spanish(language);
    const char *name = country_name(code, es);

    if (name == NULL)
        name = es ? "país desconocido" : "unknown country";
    buf_put_str(out, name);
}
