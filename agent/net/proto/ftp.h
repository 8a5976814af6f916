/* SPDX-License-Identifier: Apache-2.0 */
/* ftp: what the control connection (ftp.c), its lines (ftp_lines.c) and the data connections
 * (ftp_data.c) share. */
#pragma once

#include "agent/net/protocol.h"
#include "common/str.h"

extern const struct protocol PROTOCOL_FTP_DATA; /* only by expectation: not in the table */

/* The port of "227 ... (h1,h2,h3,h4,p1,p2)" or of PORT's argument (RFC 959); 0 for none. addr[4]
 * gets the address. */
uint16_t ftp_port_of_six(struct str text, uint8_t addr[4]);
/* The port of "229 ... (|||port|)" or of EPRT's argument "|af|address|port|" (RFC 2428). */
uint16_t ftp_port_extended(struct str text);
