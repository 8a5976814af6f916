/* SPDX-License-Identifier: Apache-2.0 */
/* card: any bytes; a second cleaning of what was cleaned finds nothing. */
#include <stdlib.h>

#include "agent/pay/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[TOKEN_KEY_SIZE] = {1};
    struct tokens *tokens;
    struct card_hits hits, again;
    struct buf first, second;
    struct slice clean, twice;

    if (tokens_new(key, &tokens) != VG_OK)
        return 0;
    buf_init(&first, 1 << 22);
    buf_init(&second, 1 << 22);
    if (card_clean(tokens, slice_of(data, size), &first, &clean, &hits) == VG_OK) {
        if (card_clean(tokens, clean, &second, &twice, &again) != VG_OK || again.count != 0)
            __builtin_trap();
        for (size_t i = 0; i < hits.count; i++)
            if (hits.hit[i].at + TOKEN_LEN > clean.left)
                __builtin_trap();
    }
    buf_done(&first);
    buf_done(&second);
    tokens_free(tokens);
    return 0;
}
