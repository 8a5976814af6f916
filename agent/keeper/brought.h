/* SPDX-License-Identifier: Apache-2.0 */
/* brought: which transfer of the net sensor brought a file that the file sensor found, by its SHA-256, or,
 * where the transfer has none (a kind that carries no code by itself), by size and name.
 *
 * Limit: BROUGHT_MAX transfers, the oldest forgotten; they live as long as the keeper. */
#pragma once

#include "common/event.h"

enum { BROUGHT_MAX = 1024 };

struct brought;

struct brought *brought_new(void); /* NULL without memory */
void brought_free(struct brought *b);
/* An observation of the net sensor; all but whole files are passed over. */
void brought_note(struct brought *b, const json_t *observation);
/* Fills the facts `from` (the site or address that sent it), `flow` and `service` of an event of the file
 * sensor, where they are empty. */
void brought_fill(const struct brought *b, json_t *event);
