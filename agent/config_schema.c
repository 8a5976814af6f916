/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of agent.yaml: every key, its limits, its default, and what to write instead. */
#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "common/hex.h"
#include "common/mail.h"
#include "common/mail_send.h"
#include "common/settings.h"

/* ISO 4217 list one (2024), without funds and metals. */
static const char CURRENCIES[] =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR "
    "KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR "
    "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS "
    "UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL ";

static bool
check_zone(const char *text, char why[160])
{
    struct zone *zone;

    if (zone_load(text, &zone) == VG_OK) {
        zone_free(zone);
        return true;
    }
    snprintf(why, 160, "no such time zone on this machine");
    return false;
}

static bool
check_currency(const char *text, char why[160])
{
    const char *at;

    if (strlen(text) == 3 && strchr(text, ' ') == NULL) {
        at = strstr(CURRENCIES, text);
        if (at != NULL && at[3] == ' ' && (at - CURRENCIES) % 4 == 0)
            return true;
    }
    snprintf(why, 160, "no currency code of ISO 4217 (three capital letters)");
    return false;
}

/* A path or name: no control bytes, which would end in logs and commands. */
static bool
check_plain(const char *text, char why[160])
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            snprintf(why, 160, "control characters are not allowed");
            return false;
        }
    }
    return true;
}

static bool
check_mail(const char *text, char why[160])
{
    if (mail_address_valid(text))
        return true;
    snprintf(why, 160, "no mail address");
    return false;
}

static bool
check_user(const char *text, char why[160])
{
    if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
            strlen(text) &&
        text[0] != '-')
        return true;
    snprintf(why, 160, "no user name");
    return false;
}

static const char *const MODES[] = {"endpoint", "mirror", NULL};
static const char *const TRANSPORTS[] = {"maildir", "smtp", NULL};

#define TEXT(k, most) .key = (k), .type = CONF_TEXT, .min = 1, .max = (most)
#define END                                                                                        \
    {                                                                                              \
        .key = NULL                                                                                \
    }

static const struct conf_field HOURS_ITEM = {TEXT("", 11), .check = settings_check_hours,
                                             .example = "hours: {mon-fri: 09:00-20:00}"};

static const struct conf_field SHOP[] = {
    {TEXT("name", 120), .check = check_plain, .example = "name: Tacos El Güero"},
    {TEXT("zone", 64), .fallback = "system", .check = check_zone,
     .example = "zone: America/Mexico_City"},
    {.key = "language",
     .type = CONF_CHOICE,
     .fallback = "system",
     .choices = SETTINGS_LANGUAGES,
     .example = "language: es-MX"},
    {.key = "kind",
     .type = CONF_CHOICE,
     .fallback = "any",
     .choices = SETTINGS_SHOP_KINDS,
     .example = "kind: restaurant"},
    {TEXT("currency", 3), .fallback = "MXN", .check = check_currency, .example = "currency: MXN"},
    {.key = "hours",
     .type = CONF_DICT,
     .item = &HOURS_ITEM,
     .example = "hours: {mon-fri: 09:00-20:00, sat: 10:00-15:00}"},
    END,
};

static const struct conf_field INTERFACE_ITEM = {TEXT("", 64), .check = check_plain,
                                                 .example = "interfaces: [eth0]"};
static const struct conf_field REPLAY_ITEM = {TEXT("", 1024), .check = check_plain,
                                              .example = "replay: [/srv/capture.pcap]"};

static const struct conf_field NETWORK[] = {
    {.key = "interfaces",
     .type = CONF_LIST,
     .item = &INTERFACE_ITEM,
     .min = 0,
     .max = CONFIG_LIST_MAX,
     .example = "interfaces: auto"},
    {.key = "mode",
     .type = CONF_CHOICE,
     .fallback = "endpoint",
     .choices = MODES,
     .example = "mode: endpoint"},
    {.key = "bpf",
     .type = CONF_TEXT,
     .fallback = "\"\"",
     .max = 4096,
     .check = check_plain,
     .example = "bpf: not port 22"},
    {.key = "snaplen",
     .type = CONF_INT,
     .fallback = "65535",
     .min = 68,
     .max = 262144,
     .example = "snaplen: 65535"},
    {.key = "buffer",
     .type = CONF_SIZE,
     .fallback = "4 MiB",
     .min = 65536,
     .max = 1 << 30,
     .example = "buffer: 4 MiB"},
    {.key = "promiscuous", .type = CONF_BOOL, .example = "promiscuous: true"},
    {.key = "replay",
     .type = CONF_LIST,
     .item = &REPLAY_ITEM,
     .max = CONFIG_LIST_MAX,
     .example = "replay: [/srv/capture.pcap]"},
    END,
};

static const struct conf_field PAYMENT[] = {
    {TEXT("path", 1024), .required = true, .check = check_plain,
     .example = "path: /srv/pos/export"},
    {TEXT("format", 1024), .fallback = "auto", .check = check_plain, .example = "format: auto"},
    END,
};
static const struct conf_field PAYMENT_ITEM = {
    .key = "",
    .type = CONF_MAP,
    .fields = PAYMENT,
    .example = "payments: [{path: /srv/pos/export, format: auto}]"};
static const struct conf_field FILE_ITEM = {TEXT("", 1024), .check = check_plain,
                                            .example = "files: [~/Downloads]"};

static const struct conf_field SCAN[] = {
    {.key = "response",
     .type = CONF_CHOICE,
     .fallback = "report",
     .choices = SETTINGS_RESPONSES,
     .example = "response: quarantine"},
    {.key = "severity",
     .type = CONF_CHOICE,
     .fallback = "high",
     .choices = SETTINGS_SEVERITIES,
     .example = "severity: high"},
    {.key = "quarantine_size",
     .type = CONF_SIZE,
     .fallback = "1 GiB",
     .min = 1048576.0,
     .max = 1099511627776.0,
     .example = "quarantine_size: 1 GiB"},
    {.key = "full_pass",
     .type = CONF_TEXT,
     .fallback = "auto",
     .min = 4,
     .max = 5,
     .check = settings_check_pass,
     .example = "full_pass: 03:00"},
    {.key = "sticks", .type = CONF_BOOL, .fallback = "true", .example = "sticks: true"},
    {.key = "network", .type = CONF_BOOL, .fallback = "false", .example = "network: false"},
    END,
};

static const struct conf_field ALERTS[] = {
    {.key = "budget_per_week",
     .type = CONF_REAL,
     .fallback = "3",
     .min = 0,
     .max = 1000,
     .example = "budget_per_week: 3"},
    END,
};

static const struct conf_field OFF_ITEM = {TEXT("", 64), .check = settings_check_detector,
                                           .example = "off: [net.scan]"};

static const struct conf_field DETECTORS_OFF[] = {
    {.key = "off",
     .type = CONF_LIST,
     .item = &OFF_ITEM,
     .max = CONFIG_LIST_MAX,
     .example = "off: [net.scan]"},
    END,
};

static const struct conf_field STORE[] = {
    {TEXT("path", 1024), .fallback = "/var/lib/vigia", .check = check_plain,
     .example = "path: /var/lib/vigia"},
    {.key = "size",
     .type = CONF_SIZE,
     .fallback = "512 MiB",
     .min = 8388608.0,
     .max = 1099511627776.0,
     .example = "size: 512 MiB"},
    {.key = "alerts",
     .type = CONF_DURATION,
     .fallback = "365d",
     .min = 86400e9,
     .max = 3650 * 86400e9,
     .example = "alerts: 365d"},
    {.key = "observations",
     .type = CONF_DURATION,
     .fallback = "7d",
     .min = 3600e9,
     .max = 3650 * 86400e9,
     .example = "observations: 7d"},
    END,
};

static const struct conf_field MAIL[] = {
    {TEXT("to", 254), .check = check_mail, .example = "to: owner@example.mx"},
    {TEXT("from", 254), .check = check_mail, .example = "from: vigia@example.mx"},
    {.key = "transport",
     .type = CONF_CHOICE,
     .choices = TRANSPORTS,
     .example = "transport: maildir"},
    {.key = "smtp",
     .type = CONF_MAP,
     .fields = MAIL_SMTP_SCHEMA,
     .example = "smtp: {host: smtp.example.mx, user: alerts@example.mx, password: \"...\"}"},
    END,
};

static const struct conf_field SERVICE[] = {
    {.key = "user",
     .type = CONF_TEXT,
     .fallback = "\"\"",
     .max = 32,
     .check = check_user,
     .example = "user: vigia (the default where the system has that user), or user: root"},
    END,
};

static bool
check_key(const char *text, char why[160])
{
    uint8_t key[32];

    if (hex_parse_str(text, key, sizeof key) == VG_OK)
        return true;
    snprintf(why, 160, "no key: 64 hex digits, as `vigia-collector bundle keygen` prints them");
    return false;
}

static const struct conf_field BUNDLES[] = {
    {.key = "accept", .type = CONF_BOOL, .fallback = "true", .example = "accept: false"},
    {TEXT("key", 64), .check = check_key, .example = "key: 64 hex digits"},
    END,
};

static const struct conf_field SETTINGS[] = {
    {.key = "accept", .type = CONF_BOOL, .fallback = "true", .example = "accept: false"},
    END,
};

const struct conf_field AGENT_CONFIG_SCHEMA[] = {
    {.key = "shop",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = SHOP,
     .example = "shop: {name: Tacos El Güero, zone: America/Mexico_City}"},
    {.key = "network",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = NETWORK,
     .example = "network: {interfaces: auto, mode: endpoint}, or network: off"},
    {.key = "payments",
     .type = CONF_LIST,
     .item = &PAYMENT_ITEM,
     .max = CONFIG_LIST_MAX,
     .example = "payments: [{path: /srv/pos/export, format: auto}]"},
    {.key = "files",
     .type = CONF_LIST,
     .item = &FILE_ITEM,
     .max = CONFIG_LIST_MAX,
     .example = "files: [~/Downloads]"},
    {.key = "scan",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = SCAN,
     .example = "scan: {response: quarantine}"},
    {.key = "alerts",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = ALERTS,
     .example = "alerts: {budget_per_week: 3}"},
    {.key = "detectors",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = DETECTORS_OFF,
     .example = "detectors: {off: [net.scan]}"},
    {.key = "store",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = STORE,
     .example = "store: {path: /var/lib/vigia, size: 512 MiB}"},
    {.key = "mail",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = MAIL,
     .example = "mail: {to: owner@example.mx, transport: maildir}"},
    {.key = "service",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = SERVICE,
     .example = "service: {user: vigia}"},
    {.key = "bundles",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = BUNDLES,
     .example = "bundles: {accept: false}"},
    {.key = "settings",
     .type = CONF_MAP,
     .fallback = "{}",
     .fields = SETTINGS,
     .example = "settings: {accept: false}"},
    {TEXT("rules", 1024), .check = check_plain, .example = "rules: /usr/share/vigia/rules"},
    {TEXT("geo", 1024), .check = check_plain, .example = "geo: /usr/share/vigia/geo"},
    {.key = "sandbox", .type = CONF_BOOL, .fallback = "true", .example = "sandbox: true"},
    END,
};
