/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/name_skeleton.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "common/slice.h"
#include "common/utf8.h"

/* Code points that pass for an ASCII letter. */
static const struct {
    uint16_t code;
    char looks;
} ALIKE[] = {
    /* Latin with marks */
    {0xe0, 'a'},
    {0xe1, 'a'},
    {0xe2, 'a'},
    {0xe3, 'a'},
    {0xe4, 'a'},
    {0xe5, 'a'},
    {0xe7, 'c'},
    {0xe8, 'e'},
    {0xe9, 'e'},
    {0xea, 'e'},
    {0xeb, 'e'},
    {0xec, 'i'},
    {0xed, 'i'},
    {0xee, 'i'},
    {0xef, 'i'},
    {0xf1, 'n'},
    {0xf2, 'o'},
    {0xf3, 'o'},
    {0xf4, 'o'},
    {0xf5, 'o'},
    {0xf6, 'o'},
    {0xf8, 'o'},
    {0xf9, 'u'},
    {0xfa, 'u'},
    {0xfb, 'u'},
    {0xfc, 'u'},
    {0xfd, 'y'},
    {0xff, 'y'},
    {0x101, 'a'},
    {0x103, 'a'},
    {0x105, 'a'},
    {0x107, 'c'},
    {0x10d, 'c'},
    {0x10f, 'd'},
    {0x111, 'd'},
    {0x113, 'e'},
    {0x117, 'e'},
    {0x119, 'e'},
    {0x11b, 'e'},
    {0x11f, 'g'},
    {0x123, 'g'},
    {0x127, 'h'},
    {0x12b, 'i'},
    {0x12f, 'i'},
    {0x131, 'i'},
    {0x137, 'k'},
    {0x13a, 'l'},
    {0x13c, 'l'},
    {0x13e, 'l'},
    {0x142, 'l'},
    {0x144, 'n'},
    {0x146, 'n'},
    {0x148, 'n'},
    {0x14d, 'o'},
    {0x151, 'o'},
    {0x155, 'r'},
    {0x157, 'r'},
    {0x159, 'r'},
    {0x15b, 's'},
    {0x15f, 's'},
    {0x161, 's'},
    {0x163, 't'},
    {0x165, 't'},
    {0x167, 't'},
    {0x169, 'u'},
    {0x16b, 'u'},
    {0x16f, 'u'},
    {0x171, 'u'},
    {0x173, 'u'},
    {0x17a, 'z'},
    {0x17c, 'z'},
    {0x17e, 'z'},
    {0x1a1, 'o'},
    {0x1b0, 'u'},
    {0x1e5, 'g'},
    {0x1e1f, 'f'},
    {0x1e41, 'm'},
    {0x1e43, 'm'},
    {0x1e57, 'p'},
    {0x1e7d, 'v'},
    {0x1e83, 'w'},
    {0x1ea1, 'a'},
    {0x1eb9, 'e'},
    {0x1ecb, 'i'},
    {0x1ecd, 'o'},
    {0x1ee5, 'u'},
    {0x1ef5, 'y'},
    /* IPA and small forms */
    {0x251, 'a'},
    {0x261, 'g'},
    {0x262, 'g'},
    {0x269, 'i'},
    {0x26a, 'i'},
    {0x274, 'n'},
    {0x280, 'r'},
    {0x28f, 'y'},
    {0x1d04, 'c'},
    {0x1d0f, 'o'},
    {0x1d1c, 'u'},
    {0x1d20, 'v'},
    {0x1d21, 'w'},
    {0x1d22, 'z'},
    /* Greek */
    {0x3b1, 'a'},
    {0x3b5, 'e'},
    {0x3b9, 'i'},
    {0x3ba, 'k'},
    {0x3bd, 'v'},
    {0x3bf, 'o'},
    {0x3c1, 'p'},
    {0x3c4, 't'},
    {0x3c5, 'u'},
    {0x3c7, 'x'},
    {0x3b3, 'y'},
    {0x3c9, 'w'},
    /* Cyrillic */
    {0x430, 'a'},
    {0x432, 'b'},
    {0x433, 'r'},
    {0x435, 'e'},
    {0x43a, 'k'},
    {0x43c, 'm'},
    {0x43d, 'h'},
    {0x43e, 'o'},
    {0x43f, 'n'},
    {0x440, 'p'},
    {0x441, 'c'},
    {0x442, 't'},
    {0x443, 'y'},
    {0x445, 'x'},
    {0x44c, 'b'},
    {0x455, 's'},
    {0x456, 'i'},
    {0x457, 'i'},
    {0x458, 'j'},
    {0x475, 'v'},
    {0x4bb, 'h'},
    {0x4cf, 'l'},
    {0x501, 'd'},
    {0x51b, 'q'},
    {0x51d, 'w'},
    /* Armenian and Cherokee */
    {0x561, 'w'},
    {0x563, 'q'},
    {0x566, 'q'},
    {0x570, 'h'},
    {0x578, 'n'},
    {0x57d, 'u'},
    {0x585, 'o'},
    {0x582, 'i'},
    {0x184, 'b'},
};

static char
looks_like(uint32_t code)
{
    if (code >= 'A' && code <= 'Z')
        return (char)(code - 'A' + 'a');
    if (code < 0x80)
        return (char)code;
    for (size_t i = 0; i < VG_ARRAY_LEN(ALIKE); i++) {
        if (ALIKE[i].code == code)
            return ALIKE[i].looks;
    }
    return '?';
}

bool
skeleton_plain(struct str label, char out[SKELETON_MAX], bool *foreign)
{
    char text[SKELETON_MAX], *decoded = NULL;
    struct slice in;
    size_t n = 0;

    *foreign = false;
    if (label.len == 0 || label.len >= sizeof(text) || memchr(label.at, '\0', label.len) != NULL)
        return false;
    memcpy(text, label.at, label.len);
    text[label.len] = '\0';
    if (label.len > 4 && str_eq_nocase(str_n(label.at, 4), str_of("xn--")) &&
        idn2_to_unicode_8z8z(text, &decoded, 0) != IDN2_OK)
        decoded = NULL;
    in = decoded != NULL ? slice_of(decoded, strlen(decoded)) : slice_of(text, label.len);
    while (in.left > 0 && n + 1 < SKELETON_MAX) {
        uint32_t code = utf8_next(&in);

        *foreign |= code >= 0x80;
        out[n++] = looks_like(code);
    }
    out[n] = '\0';
    idn2_free(decoded);
    return true;
}

void
skeleton_of(const char *plain, char out[SKELETON_MAX])
{
    size_t n = 0;

    for (const char *p = plain; *p != '\0' && n + 1 < SKELETON_MAX; p++) {
        char c = *p;

        if (c == 'r' && p[1] == 'n') {
            c = 'm';
            p++;
        } else if (c == 'v' && p[1] == 'v') {
            c = 'w';
            p++;
        }
        out[n++] = c == '0' ? 'o' : c == '1' || c == 'i' ? 'l' : c == '5' ? 's' : c;
    }
    out[n] = '\0';
}

unsigned
skeleton_distance(const char *a, const char *b, unsigned most)
{
    size_t la = strlen(a), lb = strlen(b);
    uint8_t row[3][SKELETON_MAX + 1];

    if (la >= SKELETON_MAX || lb >= SKELETON_MAX || (la > lb ? la - lb : lb - la) > most)
        return most + 1;
    for (size_t j = 0; j <= lb; j++)
        row[0][j] = (uint8_t)j;
    for (size_t i = 1; i <= la; i++) {
        uint8_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        unsigned least = (unsigned)i;

        now[0] = (uint8_t)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned d = last[j - 1] + (unsigned)(a[i - 1] != b[j - 1]);

            d = d < last[j] + 1u ? d : last[j] + 1u;
            d = d < now[j - 1] + 1u ? d : now[j - 1] + 1u;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1u < d)
                d = before[j - 2] + 1u;
            now[j] = (uint8_t)d;
            least = d < least ? d : least;
        }
        if (least > most)
            return most + 1;
    }
    return row[la % 3][lb] <= most ? row[la % 3][lb] : most + 1;
}
