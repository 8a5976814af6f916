/* SPDX-License-Identifier: Apache-2.0 */
/* The search as it is on a machine without SSE2, under a name of its own. */
#define CARD_CHAIN_PORTABLE
#define card_chain_likely card_chain_portable
#define CARD_BYTE         CARD_BYTE_PORTABLE
#include "agent/pay/card_chain.c"
