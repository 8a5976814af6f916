/* SPDX-License-Identifier: Apache-2.0 */
/* cards: no card number leaves the net sensor in a text (DESIGN, The promises, 6), whichever
 * protocol carried it: every observation passes here on its way to detectors and to metadata.
 *
 * What the sensor computed itself (hashes and fingerprints) stays as it is. The bytes of an
 * OBS_BODY are what detectors look for patterns in, and are stored by none. */
#pragma once

#include "agent/detect/obs.h"

enum {
    CARDS_BYTES = 256 * 1024, /* of an observation's texts that hold 13 digits or more */
    CARDS_PLACE_BYTES = CARDS_BYTES + 4096, /* all that is held */
};

struct cards_place; /* cards.c's: the copy */

/* Zeroed is fine. */
struct cards {
    struct cards_place *place; /* owned; NULL until the first text with so many digits */
};

/* The observation as it may be told: `obs` itself, or a copy that lasts until the next call. A text
 * beyond CARDS_BYTES is "" there; NULL without memory for any. Both add to *left_out. */
const struct obs *cards_cover(struct cards *c, const struct obs *obs, uint64_t *left_out);
void cards_done(struct cards *c);
