/* SPDX-License-Identifier: Apache-2.0 */
/* name_skeleton: what a name looks like to a hurried eye. Pure.
 *
 * Punycode (RFC 3492) is decoded by libidn2; letters of other scripts and accented ones that look
 * like an ASCII letter become it (after Unicode's confusables, UTS 39: those that matter in names
 * of Latin letters), then 0 is o, 1 and i are l, 5 is s, rn is m, vv is w. */
#pragma once

#include "common/base.h"
#include "common/str.h"

enum { SKELETON_MAX = 64 }; /* a label has 63 letters at most */

/* The label in lower case, decoded, with look-alike letters as ASCII; *foreign: there was one that
 * is no ASCII. False where it is too long or no name. */
bool skeleton_plain(struct str label, char out[SKELETON_MAX], bool *foreign);
/* The skeleton of such a text. */
void skeleton_of(const char *plain, char out[SKELETON_MAX]);
/* Optimal string alignment distance (insert, delete, replace, swap neighbours), at most `most` + 1. */
unsigned skeleton_distance(const char *a, const char *b, unsigned most);
