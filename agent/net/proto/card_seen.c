/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/card_seen.h"

#include "agent/detect/card_context.h"
#include "agent/detect/card_number.h"
#include "agent/net/record.h"

bool
card_seen(const struct protocol_call *call, struct str text, const char *service)
{
    struct record r = {.type = "card"};
    struct card_context card;
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++)
        digits += (uint8_t)(text.at[i] - '0') < 10;
    if (digits < CARD_DIGITS_MIN || !card_in_context(text, &card))
        return false;
    record_text_put(&r, "service", str_of(service));
    record_bool(&r, "from_server", call->dir != call->flow->client);
    record_number(&r, "cards", card.count);
    record_text_put(&r, "last4", str_of(card.last4));
    record_tell(&r, call, call->flow->client);
    return true;
}
