/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of rules/formats/NAME.yaml (profile.h says what each key means). */
#include <stdio.h>

#include "agent/pay/profile.h"

static const char *const READERS[] = {"csv", "json", "text", "xml", "sgml", "listing", "dump", NULL};
static const char *const DELIMITERS[] = {"auto", ",", ";", "tab", "|", NULL};
static const char *const UNITS[] = {"major", "minor", NULL};
static const char *const STYLES[] = {"auto", "dot", "comma", NULL};
static const char *const KINDS[] = {"sale",   "refund", "void",     "auth", "chargeback",
                                    "payout", "login",  "settings", "skip", NULL};
static const char *const OUTCOMES[] = {"approved", "declined", "error", "pending", NULL};

static bool
check_format(const char *text, char why[160])
{
    if (when_format_valid(text))
        return true;
    (void)snprintf(why, 160,
                   "is no time format: iso, ofx, unix, unix_ms or a pattern of "
                   "%%Y %%y %%m %%d %%H %%I %%M %%S %%f %%p %%z %%b %%a %%Z with month and day");
    return false;
}

static const struct conf_field NAME_ITEM = {.type = CONF_TEXT, .min = 1, .max = NAME_BYTES_MAX};
static const struct conf_field PATTERN_ITEM = {.type = CONF_TEXT, .min = 1, .max = 2000};
static const struct conf_field FORMAT_ITEM = {.type = CONF_TEXT,
                                              .min = 1,
                                              .max = WHEN_FORMAT_MAX - 1,
                                              .check = check_format,
                                              .example = "\"%d/%m/%Y %H:%M:%S\""};
static const struct conf_field KIND_ITEM = {.type = CONF_CHOICE, .choices = KINDS};
static const struct conf_field OUTCOME_ITEM = {.type = CONF_CHOICE, .choices = OUTCOMES};
static const struct conf_field ZONE_ITEM = {
    .type = CONF_TEXT, .min = 1, .max = 60, .example = "America/Tijuana or \"-08:00\""};
static const struct conf_field CONSTANT_ITEM = {.type = CONF_TEXT, .max = 64};

#define NAMES_FIELD(name)                                                                          \
    {                                                                                              \
        .key = (name), .type = CONF_LIST, .min = 1, .max = PROFILE_ALTERNATIVES_MAX,               \
        .item = &NAME_ITEM, .example = "[Amount, Total]"                                           \
    }

static const struct conf_field TIME_FIELDS[] = {
    {.key = "field",
     .type = CONF_LIST,
     .required = true,
     .min = 1,
     .max = PROFILE_ALTERNATIVES_MAX,
     .item = &NAME_ITEM,
     .example = "[created_utc]"},
    NAMES_FIELD("clock"),
    {.key = "formats",
     .type = CONF_LIST,
     .fallback = "[iso]",
     .min = 1,
     .max = PROFILE_FORMATS_MAX,
     .item = &FORMAT_ITEM},
    {.key = "zone", .type = CONF_TEXT, .fallback = "shop", .example = "UTC, shop, America/Bogota"},
    {.key = "hour", .type = CONF_INT, .fallback = "0", .max = 23},
    NAMES_FIELD("zone_field"),
    {.key = "zones", .type = CONF_DICT, .item = &ZONE_ITEM},
    {.key = NULL},
};
static const struct conf_field AMOUNT_FIELDS[] = {
    NAMES_FIELD("field"),
    NAMES_FIELD("debit"),
    {.key = "units", .type = CONF_CHOICE, .fallback = "major", .choices = UNITS},
    {.key = "style", .type = CONF_CHOICE, .fallback = "auto", .choices = STYLES},
    {.key = "negative", .type = CONF_CHOICE, .fallback = "refund", .choices = KINDS},
    {.key = NULL},
};
static const struct conf_field SALES_FIELDS[] = {
    NAMES_FIELD("field"),
    {.key = "values", .type = CONF_DICT, .item = &KIND_ITEM},
    {.key = NULL},
};
static const struct conf_field KIND_FIELDS[] = {
    NAMES_FIELD("field"),
    {.key = "sales", .type = CONF_MAP, .fields = SALES_FIELDS},
    {.key = "values", .type = CONF_DICT, .item = &KIND_ITEM},
    {.key = "otherwise", .type = CONF_CHOICE, .fallback = "sale", .choices = KINDS},
    {.key = NULL},
};
static const struct conf_field OUTCOME_FIELDS[] = {
    NAMES_FIELD("field"),
    {.key = "values", .type = CONF_DICT, .item = &OUTCOME_ITEM},
    {.key = "otherwise", .type = CONF_CHOICE, .fallback = "approved", .choices = OUTCOMES},
    {.key = NULL},
};

#define TXN_NAMES                                                                                  \
    NAMES_FIELD("id"), NAMES_FIELD("reason"), NAMES_FIELD("currency"), NAMES_FIELD("card"),        \
        NAMES_FIELD("bin"), NAMES_FIELD("last4"), NAMES_FIELD("customer"), NAMES_FIELD("name"),    \
        NAMES_FIELD("email"), NAMES_FIELD("ip"), NAMES_FIELD("device"), NAMES_FIELD("terminal"),   \
        NAMES_FIELD("employee"), NAMES_FIELD("order"), NAMES_FIELD("original"),                    \
        NAMES_FIELD("account"), NAMES_FIELD("country"), NAMES_FIELD("label")

static const struct conf_field TXN_FIELDS[] = {TXN_NAMES, {.key = NULL}};
static const struct conf_field KIND_OVERRIDES[] = {
    TXN_NAMES, NAMES_FIELD("time"), NAMES_FIELD("amount"), {.key = NULL}};
static const struct conf_field OVERRIDE_ITEM = {.type = CONF_MAP, .fields = KIND_OVERRIDES};

static const struct conf_field ALSO_FIELDS[] = {
    {.key = "kind", .type = CONF_CHOICE, .required = true, .choices = KINDS},
    {.key = "suffix", .type = CONF_TEXT, .required = true, .min = 1, .max = 16},
    {.key = "amount",
     .type = CONF_LIST,
     .required = true,
     .min = 1,
     .max = PROFILE_ALTERNATIVES_MAX,
     .item = &NAME_ITEM},
    NAMES_FIELD("time"),
    NAMES_FIELD("reason"),
    {.key = NULL},
};
static const struct conf_field ALSO_ITEM = {.type = CONF_MAP, .fields = ALSO_FIELDS};

static const struct conf_field VALUE_ITEM = {.type = CONF_TEXT, .min = 1, .max = 120};
static const struct conf_field ONLY_FIELDS[] = {
    {.key = "field",
     .type = CONF_LIST,
     .required = true,
     .min = 1,
     .max = PROFILE_ALTERNATIVES_MAX,
     .item = &NAME_ITEM},
    {.key = "values",
     .type = CONF_LIST,
     .required = true,
     .min = 1,
     .max = PROFILE_VALUES_MAX,
     .item = &VALUE_ITEM},
    {.key = NULL},
};
static const struct conf_field ONLY_ITEM = {.type = CONF_MAP, .fields = ONLY_FIELDS};

const struct conf_field PROFILE_SCHEMA[] = {
    {.key = "format",
     .type = CONF_TEXT,
     .required = true,
     .min = 1,
     .max = 40,
     .example = "format: pos-csv"},
    {.key = "family", .type = CONF_TEXT, .min = 1, .max = 40},
    {.key = "about", .type = CONF_TEXT, .required = true, .min = 1, .max = 1000},
    {.key = "reader", .type = CONF_CHOICE, .required = true, .choices = READERS},
    {.key = "delimiter", .type = CONF_CHOICE, .fallback = "auto", .choices = DELIMITERS},
    {.key = "preamble", .type = CONF_INT, .fallback = "0", .max = 40},
    {.key = "columns", .type = CONF_LIST, .min = 1, .max = NAMES_MAX, .item = &NAME_ITEM},
    {.key = "patterns",
     .type = CONF_LIST,
     .min = 1,
     .max = PROFILE_PATTERNS_MAX,
     .item = &PATTERN_ITEM},
    {.key = "ignore",
     .type = CONF_LIST,
     .min = 1,
     .max = PROFILE_PATTERNS_MAX,
     .item = &PATTERN_ITEM},
    {.key = "inside", .type = CONF_LIST, .min = 1, .max = PROFILE_INSIDE_MAX, .item = &NAME_ITEM},
    {.key = "record", .type = CONF_LIST, .min = 1, .max = PROFILE_INSIDE_MAX, .item = &NAME_ITEM},
    {.key = "magic", .type = CONF_LIST, .min = 1, .max = PROFILE_INSIDE_MAX, .item = &NAME_ITEM},
    {.key = "keys", .type = CONF_LIST, .min = 1, .max = PROFILE_INSIDE_MAX, .item = &NAME_ITEM},
    {.key = "context", .type = CONF_LIST, .min = 1, .max = PROFILE_CONTEXT_MAX, .item = &NAME_ITEM},
    {.key = "recognise", .type = CONF_LIST, .min = 1, .max = 60, .item = &NAME_ITEM},
    {.key = "only", .type = CONF_LIST, .min = 1, .max = PROFILE_ONLY_MAX, .item = &ONLY_ITEM},
    {.key = "time", .type = CONF_MAP, .required = true, .fields = TIME_FIELDS},
    {.key = "amount", .type = CONF_MAP, .fallback = "{}", .fields = AMOUNT_FIELDS},
    {.key = "kind", .type = CONF_MAP, .fallback = "{}", .fields = KIND_FIELDS},
    {.key = "outcome", .type = CONF_MAP, .fallback = "{}", .fields = OUTCOME_FIELDS},
    {.key = "fields", .type = CONF_MAP, .fallback = "{}", .fields = TXN_FIELDS},
    {.key = "constants", .type = CONF_DICT, .item = &CONSTANT_ITEM},
    {.key = "by_kind", .type = CONF_DICT, .item = &OVERRIDE_ITEM},
    {.key = "also", .type = CONF_LIST, .min = 1, .max = PROFILE_ALSO_MAX, .item = &ALSO_ITEM},
    {.key = NULL},
};

static const char *const FIELD_NAMES[MAP_COUNT] = {
    [MAP_TIME] = "time",
    [MAP_CLOCK] = "clock",
    [MAP_AMOUNT] = "amount",
    [MAP_DEBIT] = "debit",
    [MAP_KIND] = "kind",
    [MAP_OUTCOME] = "outcome",
    [MAP_ID] = "id",
    [MAP_REASON] = "reason",
    [MAP_CURRENCY] = "currency",
    [MAP_CARD] = "card",
    [MAP_BIN] = "bin",
    [MAP_LAST4] = "last4",
    [MAP_CUSTOMER] = "customer",
    [MAP_NAME] = "name",
    [MAP_EMAIL] = "email",
    [MAP_IP] = "ip",
    [MAP_DEVICE] = "device",
    [MAP_TERMINAL] = "terminal",
    [MAP_EMPLOYEE] = "employee",
    [MAP_ORDER] = "order",
    [MAP_ORIGINAL] = "original",
    [MAP_ACCOUNT] = "account",
    [MAP_COUNTRY] = "country",
    [MAP_LABEL] = "label",
};

int
profile_field(const char *name)
{
    for (int f = 0; f < MAP_COUNT; f++)
        if (strcmp(FIELD_NAMES[f], name) == 0)
            return f;
    return -1;
}
