/* SPDX-License-Identifier: Apache-2.0 */
#include "common/uuid.h"

#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

static void
to_text(const uint8_t raw[16], char out[UUID_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex[raw[i] >> 4];
        out[at++] = hex[raw[i] & 15];
    }
    out[at] = '\0';
}

static enum vg_err
make(uint8_t raw[16], unsigned version, char out[UUID_TEXT_SIZE])
{
    raw[6] = (uint8_t)((raw[6] & 0x0f) | version << 4);
    raw[8] = (uint8_t)((raw[8] & 0x3f) | 0x80);
    to_text(raw, out);
    return VG_OK;
}

enum vg_err
uuid_v4(char out[UUID_TEXT_SIZE])
{
    uint8_t raw[16];

    if (RAND_bytes(raw, sizeof raw) != 1)
        return VG_ERR_SYS;
    return make(raw, 4, out);
}

enum vg_err
uuid_v7(int64_t t_ns, char out[UUID_TEXT_SIZE])
{
    uint64_t ms = t_ns > 0 ? (uint64_t)t_ns / 1000000 : 0;
    uint8_t raw[16];

    if (RAND_bytes(raw, sizeof raw) != 1)
        return VG_ERR_SYS;
    for (size_t i = 0; i < 6; i++)
        raw[i] = (uint8_t)(ms >> (40 - 8 * i));
    return make(raw, 7, out);
}

bool
uuid_valid(const char *text)
{
    if (text == NULL || strlen(text) != UUID_TEXT_SIZE - 1)
        return false;
    for (size_t i = 0; i < UUID_TEXT_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : strchr("0123456789abcdef", text[i]) == NULL)
            return false;
    }
    return true;
}
