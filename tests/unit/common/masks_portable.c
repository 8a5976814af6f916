/* SPDX-License-Identifier: Apache-2.0 */
/* The masks as they are on a machine without SSE2, under names of their own. */
#define MASKS_PORTABLE
#include "common/masks.h"

uint64_t masks_portable(const uint8_t block[MASKS_BLOCK], int kind);

uint64_t
masks_portable(const uint8_t block[MASKS_BLOCK], int kind)
{
    return kind == 0   ? masks_is(block, 0xc3)
           : kind == 1 ? masks_within(block, '\t', '\r')
           : kind == 2 ? masks_within(block, 0x7e, 0xf0)
                       : masks_ascii(block);
}
