/* SPDX-License-Identifier: Apache-2.0 */
/* net_ransomware_looks: what file names and bytes say about files that are being locked. Pure. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { RANSOM_NOTES_MAX = 48, RANSOM_NOTE_MAX = 32 };

/* Parts of names of ransom notes: letters and digits in lower case, "howtodecrypt". */
struct ransom_notes {
    size_t count;
    char word[RANSOM_NOTES_MAX][RANSOM_NOTE_MAX];
};
/* From a list with spaces; false when there are too many or one is too long. */
bool ransom_notes_set(struct ransom_notes *notes, struct str list);
/* The path's last part is the name of a note, of a kind that people open (text, page, picture). */
bool ransom_is_note(const struct ransom_notes *notes, struct str path);
/* The folder part of a path; "" at the top. */
struct str ransom_folder(struct str path);

/* The new ending, where the name only grew by one ("a.docx" to "a.docx.lockt") and the ending is none
 * that programs give to copies for a while; else "". */
struct str ransom_added_ending(struct str path, struct str target);

/* Bytes without order and without the head of any known format that is packed or encoded: the
 * beginning of a file as encryption leaves it. `bytes` at least RANSOM_SAMPLE_MIN, else false. */
enum { RANSOM_SAMPLE_MIN = 512, RANSOM_SAMPLE_MAX = 4096 };
bool ransom_is_opaque(struct slice bytes);

/* A form with one field whose value is nothing but a long run of hex digits: "k=9f03...". */
bool ransom_is_hex_form(struct slice bytes);
