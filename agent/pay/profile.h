/* SPDX-License-Identifier: Apache-2.0 */
/* profile: how one kind of payment log is read, from rules/formats/NAME.yaml.
 *
 * A profile names the reader (csv, json, text), how the format is recognised, and for each field of
 * a transaction the columns (keys, named groups) that hold it, the first non-empty one wins:
 *
 *   format: pos-csv                      the name for --format and the configuration
 *   family: pos                          ids are counted once in all formats of a family
 *   about: what it is and where it comes from
 *   reader: csv | json | text | xml | sgml | listing (listing.h) | dump (isodump.h)
 *   delimiter: auto | "," | ";" | tab | "|"            (csv)
 *   preamble: 20                         (csv) so many lines may stand before the header line
 *   columns: [a, b, c]                   (csv without a header line)
 *   inside: [results]                    (json) the records are in an array of this name
 *   record: [Ntry]                       (xml, sgml) the elements that are records
 *   magic: ["camt.053."]                 (xml, sgml) texts that stand in such a file, all of them
 *   context: [CURDEF, log@at]            (xml, sgml) what stands around records and belongs to them
 *   keys: [id]                           (xml) an attribute that says which of its elements one is
 *   patterns: ["^(?<time>...) ..."]      (text: PCRE2, tried in order; a line that fits none is bad)
 *   ignore: ["^#", "^$"]                 (text: lines that are no records and no damage)
 *   recognise: [names]                   csv, json: all of them are there; text: the patterns say it
 *   only: [{field: [...], values: [Principal, "Item*"]}]   other records are none of ours
 *   time: {field: [...], clock: [...], formats: [iso, unix, unix_ms, "%d/%m/%Y %H:%M"], zone: shop,
 *          hour: 12,                     what a date without a time of day means
 *          zone_field: [...], zones: {PST: "-08:00", Madrid: Europe/Madrid}}   a zone in each row
 *   amount: {field: [...], debit: [...], units: major, style: auto|dot|comma, negative: refund}
 *   kind: {field: [...], values: {Refund: refund, Note: skip}, otherwise: sale,
 *          sales: {field: [...], values: {"20*": refund}}}   a column that tells more of a sale
 *   outcome: {field: [...], values: {Failed: declined, "cc_rejected_*": declined},
 *             otherwise: approved}
 *   fields: {id: [...], card: [...], ...}   DESIGN's names; name: a person's, where the customer has
 *                                           no number: it is kept as a keyed token
 *   constants: {currency: MXN, ...}         where no column says it
 *   by_kind: {refund: {id: [...], amount: [...], time: [...], original: [...]}}
 *   also: [{kind: refund, suffix: ":refund", amount: [...], time: [...], reason: [...]}]
 *                                        more transactions in the same row, where their amount is
 *                                        not zero; `original` is the row's own id
 *
 * Value maps ignore case; * stands for any text, ? for any letter. Of several columns for
 * kind or outcome the first whose value is in the map says it. Formats of time that differ only in
 * day and month are decided by the dates of the file (csv). */
#pragma once

#include "agent/detect/obs.h"
#include "agent/pay/amount.h"
#include "agent/pay/names.h"
#include "agent/pay/when.h"
#include "common/conf.h"

enum profile_reader {
    PROFILE_CSV,
    PROFILE_JSON,
    PROFILE_TEXT,
    PROFILE_XML,
    PROFILE_SGML,
    PROFILE_LISTING,
    PROFILE_DUMP
};

enum map_field {
    MAP_TIME,
    MAP_CLOCK,
    MAP_AMOUNT,
    MAP_DEBIT,
    MAP_KIND,
    MAP_OUTCOME,
    MAP_ID,
    MAP_REASON,
    MAP_CURRENCY,
    MAP_CARD,
    MAP_BIN,
    MAP_LAST4,
    MAP_CUSTOMER,
    MAP_NAME,
    MAP_EMAIL,
    MAP_IP,
    MAP_DEVICE,
    MAP_TERMINAL,
    MAP_EMPLOYEE,
    MAP_ORDER,
    MAP_ORIGINAL,
    MAP_ACCOUNT,
    MAP_COUNTRY,
    MAP_LABEL,
    MAP_COUNT
};

enum {
    PROFILE_ALTERNATIVES_MAX = 6,
    PROFILE_VALUES_MAX = 80,
    PROFILE_FORMATS_MAX = 8,
    PROFILE_PATTERNS_MAX = 16,
    PROFILE_ALSO_MAX = 4,
    PROFILE_ONLY_MAX = 3,
    PROFILE_INSIDE_MAX = 4,
    PROFILE_CONTEXT_MAX = 8,
    PROFILE_KINDS = TXN_SETTINGS + 1,
    PROFILE_SKIP = -1, /* as a kind: the record is none of ours */
};

/* Where a field comes from: slots in order, then the constant ("" for none). */
struct map_source {
    uint8_t slot[PROFILE_ALTERNATIVES_MAX];
    uint8_t count;
    struct str constant;
};

struct map_values {
    size_t count;
    struct {
        struct str text;
        bool pattern; /* has * or ? */
        int value;
    } row[PROFILE_VALUES_MAX];
    int otherwise;
};

/* Zones that a column names, each by its IANA name or a fixed distance from UTC. */
enum { PROFILE_ZONES_MAX = 40 };
struct map_zones {
    struct map_source field;
    struct map_values names;              /* value: seconds of local minus UTC */
    struct zone *zone[PROFILE_ZONES_MAX]; /* owned; NULL: the distance */
};

struct map_only {
    struct map_source field;
    struct map_values values;
};

struct map_also {
    int kind;
    struct str suffix;
    struct map_source amount, time, reason;
};

struct textlog; /* compiled patterns (textlog.h) */

struct profile {
    json_t *tree; /* owns every text */
    const char *name, *family, *about;
    enum profile_reader reader;
    uint8_t delimiter; /* 0: guess */
    struct names names;
    struct map_source base[MAP_COUNT];
    struct map_source by_kind[PROFILE_KINDS][MAP_COUNT]; /* count 0: base */
    struct map_values kinds, outcomes;
    struct map_only sales; /* what a sale really is */
    struct str inside[PROFILE_INSIDE_MAX];
    size_t inside_count;
    struct str record[PROFILE_INSIDE_MAX], magic[PROFILE_INSIDE_MAX], keys[PROFILE_INSIDE_MAX];
    size_t record_count, magic_count, key_count;
    uint8_t context[PROFILE_CONTEXT_MAX];
    size_t context_count;
    struct map_also also[PROFILE_ALSO_MAX];
    size_t also_count;
    uint8_t recognise[NAMES_MAX];
    size_t recognise_count;
    struct str columns[NAMES_MAX]; /* csv without a header line */
    size_t column_count;
    unsigned preamble;
    const char *formats[PROFILE_FORMATS_MAX];
    size_t format_count;
    struct zone *zone; /* owned; NULL: the shop's */
    bool zone_utc;
    struct map_zones zones;
    unsigned day_hour;
    struct map_only only[PROFILE_ONLY_MAX];
    size_t only_count;
    bool minor, style_auto;
    enum amount_style style;
    int negative;         /* what a sale of a negative amount is */
    struct textlog *text; /* owned; reader text */
};

/* VG_ERR_CONFIG with err->text (file, line, what to write); VG_ERR_NOENT; VG_ERR_NOMEM. Loads time
 * zones: before the lock-down. */
enum vg_err profile_load(const char *path, struct profile **out,
                         struct conf_error *err) VG_MUST_CHECK;
/* The same from the text of one; `label` names it in errors. */
enum vg_err profile_parse(const char *label, struct slice yaml, struct profile **out,
                          struct conf_error *err) VG_MUST_CHECK;
void profile_free(struct profile *p);

extern const struct conf_field PROFILE_SCHEMA[];
/* The enum map_field of that name, -1 for none. */
int profile_field(const char *name);

enum { PROFILES_MAX = 64 };
struct profiles {
    struct profile *profile[PROFILES_MAX]; /* in order of file name */
    size_t count;
};

/* All rules/formats/NAME.yaml. Files beyond PROFILES_MAX are an error that says so. */
enum vg_err profiles_load(const char *rules_dir, struct profiles *out,
                          struct conf_error *err) VG_MUST_CHECK;
void profiles_done(struct profiles *all);
/* By name; NULL when there is none. */
const struct profile *profiles_find(const struct profiles *all, const char *name);
/* How many profiles have this name or belong to this family; *one is the last of them. */
size_t profiles_named(const struct profiles *all, const char *name, const struct profile **one);
/* What a user's `format:` or --format means: "auto", the name of a profile or a family (the ones
 * that fit are recognised among), or the path of a profile of their own, which is added. *only and
 * *one as in logfile_options. VG_ERR_CONFIG, err->text says what is wrong. */
enum vg_err profiles_choose(struct profiles *all, const char *format, const struct profile **one,
                            const char **only, struct conf_error *err) VG_MUST_CHECK;
