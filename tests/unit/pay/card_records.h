/* SPDX-License-Identifier: Apache-2.0 */
/* card_records: card_lines as each reader's bytes, and the format by which they are read back. */
#pragma once

#include "card_lines.h"
#include "common/buf.h"
#include "common/utf8.h"

/* ---- formats: one map of fields for all readers ---- */

static const char RECORD_MAP[] = "time: {field: [time], formats: [iso], zone: UTC}\n"
                                 "amount: {field: [amount]}\n"
                                 "fields:\n"
                                 "  id: [id]\n"
                                 "  order: [order]\n"
                                 "  card: [card]\n"
                                 "  reason: [reason]\n"
                                 "  device: [cvv, device]\n"
                                 "  original: [original]\n"
                                 "  customer: [customer]\n"
                                 "  email: [email]\n"
                                 "  account: [account]\n"
                                 "  terminal: [terminal]\n";
static const char *const RECORD_HEADS[LINE_READERS] = {
    "reader: csv\nrecognise: [id, time, amount]\n",
    "reader: csv\ndelimiter: \";\"\nrecognise: [id, time, amount]\n",
    "reader: json\nrecognise: [id, time, amount]\n",
    "reader: text\npatterns: [\"^id: (?<id>[^\\t]*)\\ttime: (?<time>[^\\t]*)\\tamount: "
    "(?<amount>[^\\t]*)\\torder: (?<order>[^\\t]*)\\tcard: (?<card>[^\\t]*)\\treason: "
    "(?<reason>[^\\t]*)\\tcvv: (?<cvv>[^\\t]*)\\tdevice: (?<device>[^\\t]*)\\toriginal: "
    "(?<original>[^\\t]*)\\tcustomer: (?<customer>[^\\t]*)\\temail: (?<email>[^\\t]*)\\taccount: "
    "(?<account>[^\\t]*)\\tterminal: (?<terminal>.*)$\"]\n",
    "reader: xml\nrecord: [tx]\nmagic: [\"<tx>\"]\n",
    "reader: sgml\nrecord: [tx]\nmagic: [\"<tx>\"]\n"};

/* ---- records as bytes ---- */

static inline void
value_put(struct buf *out, int reader, const char *text)
{
    struct slice s = slice_of(text, strlen(text));

    if (reader == LINE_CSV || reader == LINE_SEMICOLON)
        buf_put_u8(out, '"');
    while (s.left > 0) {
        uint32_t code = utf8_next(&s);

        if (reader == LINE_JSON && (code == '"' || code == '\\'))
            buf_printf(out, "\\%c", (char)code);
        else if (reader == LINE_JSON && code > 0x7f && s.left % 2 == 0)
            buf_printf(out, "\\u%04x", code);
        else if (reader >= LINE_XML && (code == '<' || code == '&'))
            buf_put_str(out, code == '<' ? "&lt;" : "&amp;");
        else if (reader >= LINE_XML && code > 0x7f && s.left % 2 == 0)
            buf_printf(out, "&#%u;", code);
        else if (code == '"' && reader <= LINE_SEMICOLON)
            buf_put_str(out, "\"\"");
        else
            utf8_put(out, code);
    }
    if (reader == LINE_CSV || reader == LINE_SEMICOLON)
        buf_put_u8(out, '"');
}

static inline void
field_put(struct buf *out, int reader, const char *name, const char *text)
{
    bool first = strcmp(name, "id") == 0;

    switch (reader) {
    case LINE_CSV:
    case LINE_SEMICOLON:
        buf_put_str(out, first ? "" : reader == LINE_CSV ? "," : ";");
        value_put(out, reader, text);
        break;
    case LINE_JSON:
        buf_printf(out, "%c\"%s\":\"", first ? '{' : ',', name);
        value_put(out, reader, text);
        buf_put_u8(out, '"');
        break;
    case LINE_TEXT:
        buf_printf(out, "%s%s: ", first ? "" : "\t", name);
        value_put(out, reader, text);
        break;
    default:
        buf_printf(out, "<%s>", name);
        value_put(out, reader, text);
        buf_printf(out, "</%s>", name);
    }
}

static inline void
record_put(struct buf *out, int reader, const struct line *l)
{
    char amount[24];

    if (l->broken && reader < LINE_XML) {
        buf_printf(out, "%sroto %s %s %s\n", reader == LINE_JSON ? "{" : "", l->card, l->id,
                   l->order);
        return;
    }
    (void)sprintf(amount, "%u.%02u", l->amount / 100, l->amount % 100);
    if (reader >= LINE_XML)
        buf_put_str(out, "<tx>");
    field_put(out, reader, "id", l->id);
    field_put(out, reader, "time", l->time);
    field_put(out, reader, "amount", amount);
    field_put(out, reader, "order", l->order);
    field_put(out, reader, "card", l->card);
    field_put(out, reader, "reason", l->reason);
    field_put(out, reader, "cvv", l->cvv);
    field_put(out, reader, "device", l->device);
    field_put(out, reader, "original", l->original);
    field_put(out, reader, "customer", l->customer);
    field_put(out, reader, "email", l->email);
    field_put(out, reader, "account", l->account);
    field_put(out, reader, "terminal", "caja-1");
    buf_put_str(out, reader >= LINE_XML ? "</tx>\n" : reader == LINE_JSON ? "}\n" : "\n");
}

static inline const char *
head_of(int reader)
{
    static const char names[] = "id,time,amount,order,card,reason,cvv,device,original,customer,"
                                "email,account,terminal\n";
    static const char semicolons[] =
        "id;time;amount;order;card;reason;cvv;device;original;customer;"
        "email;account;terminal\n";

    return reader == LINE_CSV         ? names
           : reader == LINE_SEMICOLON ? semicolons
           : reader >= LINE_XML       ? "<txs>\n"
                                      : "";
}
