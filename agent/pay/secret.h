/* SPDX-License-Identifier: Apache-2.0 */
/* secret: what nothing may keep once a payment is authorized: security codes, PINs, track data (PCI
 * DSS 3.3.1). Known by the name of a column, key or element in Spanish and English, and in running
 * text by the word before them. What a check of a code came to ("cvc_check: pass") is none. */
#pragma once

#include "agent/pay/bytes.h"

/* Whether a column, key, group or element of this name holds one: "CVV2", "card.securityCode", "Código
 * de seguridad", "nip". */
bool secret_name(struct str name);

/* Puts '*' in place of the digits of codes that stand behind such a word ("cvv: 123"). True when there
 * were any. */
bool secret_mask(char *text, size_t len);
