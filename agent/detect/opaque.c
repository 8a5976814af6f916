/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/opaque.h"

#include <string.h>

enum {
    RUN_MIN = 48,         /* of base64, where it is nearly all there is */
    RUN_EMBEDDED_MIN = 96 /* within something else */
};

static bool
is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '_' || c == '-' || c == '%';
}

/* Files that are dense by nature (their formats' own signatures). */
static bool
is_known_file(struct slice in)
{
    static const char *const magics[] = {
        "PK", "\x89PNG", "GIF8",       "\xff\xd8\xff", "%PDF", "\x1f\x8b", "RIFF",
        "BM", "Rar!",    "7z\xbc\xaf", "ID3",          "OggS", "MZ",       "wOF"};

    for (size_t i = 0; i < VG_ARRAY_LEN(magics); i++) {
        size_t n = strlen(magics[i]);

        if (in.left >= n && memcmp(in.at, magics[i], n) == 0)
            return true;
    }
    return false;
}

struct tally {
    size_t all, control, run, longest;
    size_t upper, lower, digits; /* within the longest run so far */
    size_t run_upper, run_lower, run_digits;
    bool seen[256];
};

static void
end_run(struct tally *t)
{
    if (t->run > t->longest) {
        t->longest = t->run;
        t->upper = t->run_upper;
        t->lower = t->run_lower;
        t->digits = t->run_digits;
    }
    t->run = t->run_upper = t->run_lower = t->run_digits = 0;
}

static void
count(struct tally *t, uint8_t c)
{
    t->all++;
    t->seen[c] = true;
    t->control += (c < 0x20 && (c < 0x09 || c > 0x0d)) || c == 0x7f;
    if (!is_base64(c)) {
        end_run(t);
        return;
    }
    t->run++;
    t->run_upper += c >= 'A' && c <= 'Z';
    t->run_lower += c >= 'a' && c <= 'z';
    t->run_digits += c >= '0' && c <= '9';
}

/* Random bytes have 11 % of control characters and many different values; text has none. */
static bool
is_encrypted(const struct tally *t, struct slice head)
{
    size_t different = 0;

    for (size_t i = 0; i < 256; i++)
        different += t->seen[i];
    return t->control * 100 >= 4 * t->all && different * 10 >= (t->all < 128 ? 6 * t->all : 700) &&
           !is_known_file(head);
}

/* Base64 of anything mixes cases about evenly; words, hex and numbers do not. */
static bool
is_encoded(const struct tally *t)
{
    bool mixed =
        t->upper * 100 >= 20 * t->longest && t->lower * 100 >= 20 * t->longest && t->digits > 0;

    return mixed && ((t->longest >= RUN_MIN && t->longest * 10 >= 8 * t->all) ||
                     (t->longest >= RUN_EMBEDDED_MIN && t->longest * 10 >= 6 * t->all));
}

bool
opaque_looks(struct slice bytes)
{
    struct tally t = {.all = 0};
    struct slice head = bytes;
    size_t n = bytes.left < OPAQUE_LOOK ? bytes.left : OPAQUE_LOOK;

    if (bytes.bad || n < OPAQUE_MIN)
        return false;
    for (size_t i = 0; i < n; i++)
        count(&t, slice_u8(&bytes));
    end_run(&t);
    return is_encrypted(&t, head) || is_encoded(&t);
}
