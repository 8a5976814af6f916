/* SPDX-License-Identifier: Apache-2.0 */
/* net_tls_elsewhere: with which addresses names were answered here, and whether a connection under such
 * a name goes to the network of somebody else: a program that hides behind a well-known name says it
 * to a server of its own.
 *
 * Only a hint. Big names are served from several networks, and who asks over HTTPS is answered where
 * nobody sees it: so the answers must be recent (ELSEWHERE_FRESH_NS), of one owner, and the address
 * must be nobody's answer for a name of the same domain. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/net_scene.h"
#include "common/vtime.h"

enum { ELSEWHERE_NAMES_MAX = 384, ELSEWHERE_ADDRESSES_MAX = 4, ELSEWHERE_BYTES = 54 * 1024 };
#define ELSEWHERE_FRESH_NS (6 * VG_HOUR_NS)

struct tls_elsewhere;

/* `scene` is borrowed and may be NULL: then nothing is elsewhere. VG_ERR_NOMEM. */
enum vg_err tls_elsewhere_new(const struct net_scene *scene,
                              struct tls_elsewhere **out) VG_MUST_CHECK;
void tls_elsewhere_free(struct tls_elsewhere *e); /* NULL is fine */
void tls_elsewhere_answer(struct tls_elsewhere *e, const struct dns_view *d, int64_t now_ns);
/* `to` is of another network than all that `name` was answered with. */
bool tls_elsewhere_is(const struct tls_elsewhere *e, struct str name, const struct net_addr *to,
                      int64_t now_ns);

void tls_elsewhere_save(struct tls_elsewhere *e, struct state_out *out);
bool tls_elsewhere_owns(const struct tls_elsewhere *e, struct slice key);
enum vg_err tls_elsewhere_load(struct tls_elsewhere *e, struct slice key, uint16_t version,
                               struct slice blob) VG_MUST_CHECK;
