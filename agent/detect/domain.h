/* SPDX-License-Identifier: Apache-2.0 */
/* domain: names of the Internet, taken apart. Pure; nothing is allocated that stays. */
#pragma once

#include "common/str.h"

enum { DOMAIN_NAME_MAX = 253 /* RFC 1035, 2.3.4, as text */ };

/* The registered domain of a name ("a.b.example.com.mx" is of "example.com.mx"), by the public
 * suffix list (libpsl). A part of `name`, without a final dot; the whole name where it is itself a
 * suffix, an address, without dots or too long. Letters may be of either case. */
struct str domain_registered(struct str name);
/* The name is a public suffix itself: nobody's own, and no name to list. */
bool domain_is_suffix(struct str name);
/* What stands before the registered domain, without the dot between; "" where nothing does. */
struct str domain_prefix(struct str name);
/* The name is an address: IPv4 dotted, or IPv6 with or without brackets; a port may follow. */
bool domain_is_address(struct str name);
/* `name` is `suffix` or below it, without case; a final dot of `name` is passed over. */
bool domain_under(struct str name, struct str suffix);
/* Its top-level domain is one of the Internet's: "tienda.local" and made-up names are not. */
bool domain_is_public(struct str name);
/* Its registered domain stands below one where strangers get names given, as "x.cloudfront.net"
 * (the private part of the public suffix list): a machine chose it. */
bool domain_is_hosted(struct str name);
/* `name` is one of the suffixes of a list with blanks between, or below one. */
bool domain_in_list(struct str name, const char *list);
/* A stored hash of the name in lower case without its final dot. */
uint64_t domain_hash(struct str name);
