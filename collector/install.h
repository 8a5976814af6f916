/* SPDX-License-Identifier: Apache-2.0 */
/* install: the address with which one PC enrols, and the line to type for each kind of package. A kind of
 * package is added by one row in install.c. */
#pragma once

#include "collector/service.h"

enum { INSTALL_URL_MAX = COLLECTOR_URL_MAX + 160 };

/* https://HOST:PORT/enroll/TOKEN#sha256=HEX: `fingerprint` is the CA's. */
void install_url(const struct collector_config *config, const uint8_t fingerprint[32],
                 const char *token, char out[INSTALL_URL_MAX]);
/* [{"platform": "deb", "command": TEXT}]; NULL without memory. */
json_t *install_commands(const char *url);
