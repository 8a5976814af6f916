/* SPDX-License-Identifier: Apache-2.0 */
/* words: lines of text protocols taken apart. Pure; all texts are borrowed from the input. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

/* The next word, split off *rest at spaces and tabs; "" when there is none. */
struct str words_next(struct str *rest);
/* Without spaces and tabs at both ends. */
struct str words_trim(struct str s);
/* The text before the first `c`, which *rest then stands behind; all of it where there is none. */
struct str words_until(struct str *rest, char c);
/* ASCII letters without case. */
bool words_begin(struct str s, const char *prefix);
bool words_is(struct str s, const char *word);
/* Anywhere within; ASCII letters without case. */
bool words_find(struct str s, const char *part);
struct str words_skip(struct str s, size_t n); /* without its first n bytes */
struct str words_cut(struct str s,
                     size_t max); /* at most `max` bytes, no broken UTF-8 at the end */
/* A decimal number and nothing else. */
bool words_number(struct str s, uint64_t *out);
/* The three digits that begin a reply of FTP or SMTP (RFC 959, RFC 5321), 100 to 599, or 0. *last:
 * no hyphen follows. */
int words_reply(struct str line, bool *last);
/* Whether `in` begins with the word (ASCII letters without case): 1 yes, 0 no, -1 as far as it goes. */
int words_looks(struct slice in, const char *word);
/* The first whole line of `in` for a probe, at most 512 bytes; false where none ends within it. */
bool words_line(struct slice in, struct str *out);
/* Copies into out[size], cut, with a NUL; returns what was written. */
struct str words_keep(char *out, size_t size, struct str s);
/* The value of a digit of base 16, of base 64; -1 for others. */
int words_hex(uint8_t c);
int words_sextet(uint8_t c);
/* base64 (RFC 4648) into out[size]; the number of bytes, 0 where it is none or does not fit. */
size_t words_base64(struct str in, void *out, size_t size);
