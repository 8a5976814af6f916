/* SPDX-License-Identifier: Apache-2.0 */
/* indicator_list: text files of indicators, one a line, read before the lock-down.
 *
 * A line is a domain (it stands for all below it; "0.0.0.0 name" of hosts files too), an address or
 * a network (203.0.113.0/24, 2001:db8::/32), a JA3 (32 hex digits), a JA4 (t13d..._..._...), the
 * SHA-1 of a certificate (40) or the SHA-256 of a file (64). "#" begins a comment; before the first
 * entry a list may say of itself
 *
 *     #! severity: high
 *     #! description_es: servidores de mando de virus bancarios
 *     #! description_en: command servers of banking malware
 *
 * A public suffix, an address of the shop's own networks, a network wider than /8 or /16 (IPv6) and
 * anything else is a bad line: counted, passed over, the rest works. */
#pragma once

#include "agent/detect/indicator_set.h"
#include "agent/detect/obs.h"
#include "common/event.h"

struct indicator_list {
    char name[64]; /* of the file, without its ending */
    enum severity severity;
    char description_es[128], description_en[128];
    size_t entries, bad;
    size_t bad_line; /* the first one, 1-based; 0: none */
};

struct indicators {
    struct indicator_set *set;
    struct indicator_list list[INDICATOR_LISTS_MAX];
    size_t lists, unread;   /* unread: files that could not be read, or were too many */
    uint64_t v4_lengths;    /* bit n: there is a /n */
    uint64_t v6_lengths[3]; /* bit n % 64 of word n / 64 */
    bool domains, ja3, ja4, certs, files;
};

/* Every *.txt of each folder that exists, in the order of their names. A file that cannot be
 * read is counted, `why` names the last one. VG_ERR_NOMEM, VG_ERR_SYS (a folder). */
enum vg_err indicators_load(const char *const *folders, size_t folder_count, size_t entries_max,
                            struct indicators *out, char why[200]) VG_MUST_CHECK;
void indicators_done(struct indicators *in);
/* One text as a list, before the set is finished. */
enum vg_err indicators_parse(struct indicators *in, const char *name,
                             struct slice text) VG_MUST_CHECK;

/* Each: the list, borrowed, or NULL. */
/* The name itself or what it is below. `*which` takes the part of `name` that is listed. */
const struct indicator_list *indicators_domain(const struct indicators *in, struct str name,
                                               struct str *which);
const struct indicator_list *indicators_address(const struct indicators *in,
                                                const struct net_addr *a);
/* A fingerprint or hash as text, in either case. */
const struct indicator_list *indicators_print(const struct indicators *in, enum indicator_kind kind,
                                              struct str text);
