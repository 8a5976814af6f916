/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_keys.h"

#include "agent/detect/pay_common.h"

/* Card, place and amount. */
static uint64_t
charge_key(uint64_t card, uint64_t place, int64_t amount)
{
    if (card == 0)
        return 0;
    return (card * 31 + place) * UINT64_C(0x9e3779b97f4a7c15) ^
           (uint64_t)amount * UINT64_C(0xbf58476d1ce4e5b9);
}

void
pay_keys_make(const struct txn_view *t, struct pay_keys *out)
{
    const uint64_t card = pay_text_hash(t->card), customer = pay_text_hash(t->customer);
    const uint64_t terminal = pay_text_hash(t->terminal), employee = pay_text_hash(t->employee);
    const uint64_t device = pay_text_hash(t->device), ip = pay_text_hash(t->ip);
    const uint64_t source = pay_text_hash(t->source), id = pay_text_hash(t->id);
    const bool card_named = t->card.len > 0, at_terminal = t->terminal.len > 0;
    const bool ordered = t->order.len > 0 && !str_eq(t->order, t->id);
    uint64_t *key = out->key;

    out->source = source;
    out->terminal = terminal;
    key[KEY_CARD] = pay_key_of("card", card);
    key[KEY_CUSTOMER] = pay_key_of("customer", customer);
    key[KEY_HOLDER] = card_named ? key[KEY_CARD] : key[KEY_CUSTOMER];
    key[KEY_PAYER] = card_named ? key[KEY_CARD] : pay_key_of("card", customer);
    key[KEY_TERMINAL] = pay_key_of("terminal", terminal);
    key[KEY_PLACE] = at_terminal ? key[KEY_TERMINAL] : pay_key_of("terminal", source);
    key[KEY_EMPLOYEE] = pay_key_of("employee", employee);
    key[KEY_PERSON] = pay_key_of("person", t->employee.len > 0 ? employee : terminal);
    key[KEY_DEVICE] = pay_key_of("device", device);
    key[KEY_GADGET] = t->device.len > 0 ? key[KEY_DEVICE] : pay_key_of("device", ip);
    key[KEY_IP] = pay_key_of("ip", ip);
    key[KEY_LOG] = pay_key_of("log", source);
    key[KEY_BIN] = pay_key("bin", str_of(t->bin));
    key[KEY_MAIL_SHAPE] = pay_key("mail", t->mail_shape);
    key[KEY_MAILBOX] = pay_key("mailbox", t->mailbox);
    key[KEY_CASE] = pay_key_of("case", id);
    key[KEY_ID] = pay_key_of("id", id);
    key[KEY_SALE] = pay_key_of("sale", id);
    key[KEY_SALE_ORDER] = ordered ? pay_key("sale", t->order) : 0;
    key[KEY_CHARGE] = charge_key(key[KEY_CARD], key[KEY_PLACE], t->amount);
}
