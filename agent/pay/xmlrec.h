/* SPDX-License-Identifier: Apache-2.0 */
/* xmlrec: what one XML element holds, under flat names: within <Ntry> the amount is "Amt", its
 * currency "Amt@Ccy", a reference "NtryDtls.TxDtls.Refs.EndToEndId"; of several the first counts. An
 * element with a key attribute is named after it: <field id="4" value="100"/> is "field.4@value".
 *
 * expat reads the element as a document of its own: there is no document type, so no entities but
 * XML's five, and nothing is ever fetched. Limits: XMLREC_DEPTH_MAX, XMLREC_PATH_MAX (longer names
 * are passed over), XMLREC_ELEMENTS_MAX. */
#pragma once

#include "agent/pay/csv.h"
#include "agent/pay/names.h"

enum { XMLREC_DEPTH_MAX = 24, XMLREC_PATH_MAX = 256, XMLREC_ELEMENTS_MAX = 20000 };

struct xmlrec;

/* `salt` is secret and not 0: it keeps hostile names from filling one row of expat's tables, and spares
 * a sandboxed process the search for randomness. */
enum vg_err xmlrec_new(unsigned long salt, struct xmlrec **out) VG_MUST_CHECK;
void xmlrec_free(struct xmlrec *x);

/* `record` is UTF-8. Values lie in the arena. VG_ERR_FORMAT: not well-formed; VG_ERR_LIMIT. */
enum vg_err xmlrec_read(struct xmlrec *x, struct slice record, const struct str *keys,
                        size_t key_count, const struct names *names, struct csv_arena *arena,
                        struct values *out) VG_MUST_CHECK;
