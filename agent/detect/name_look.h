/* SPDX-License-Identifier: Apache-2.0 */
/* name_look: how a label of a name looks: a word that somebody chose, or data in letters. Pure. */
#pragma once

#include "common/str.h"

struct name_look {
    size_t chars; /* as they went over the wire: an escape counts as one */
    unsigned digits, letters, hyphens;
    unsigned odd;      /* characters that no host name has (RFC 1123, 2.1), `_` aside */
    unsigned switches; /* between digit and letter */
    bool hex;          /* all of it hexadecimal digits */
    double bits; /* information of a character, under how names are written: words have 3 to 5,
                        * letters by chance 6 and more */
};

void name_look(struct str label, struct name_look *out);

/* It is data rather than a word: hexadecimal, base32, base64, raw bytes. */
bool name_look_coded(const struct name_look *look);
/* How many bytes of data such a label can carry. */
double name_look_bytes(const struct name_look *look);

/* The next label of a dotted name, escapes ("\.", "\065") kept as they are; false at the end. */
bool name_label(struct str *rest, struct str *label);
