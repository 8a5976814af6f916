/* SPDX-License-Identifier: Apache-2.0 */
/* ber: elements of ASN.1 in basic or distinguished encoding (ITU-T X.690), read one after another
 * from a slice: LDAP, Kerberos, SNMP, SPNEGO, the connect messages of RDP.
 *
 * Tags are compared as their identifier octets in one number: 0x30 SEQUENCE, 0x60 [APPLICATION 0],
 * 0xa3 [3], 0x7f65 [APPLICATION 101]. Lengths are definite, of at most four octets; nothing is
 * allocated, a value borrows from the input and cannot be read past. Nesting is the caller's: a
 * caller that walks into elements of elements has its own budget of depth. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum {
    BER_BOOLEAN = 0x01,
    BER_INTEGER = 0x02,
    BER_OCTETS = 0x04,
    BER_NULL = 0x05,
    BER_OID = 0x06,
    BER_ENUMERATED = 0x0a,
    BER_SEQUENCE = 0x30,
    BER_SET = 0x31,
};

struct ber {
    uint32_t tag;
    uint32_t head, len; /* octets of identifier and length; of the value as the length says */
    struct slice value; /* shorter than len only after ber_next_cut() */
};

/* Takes the next element. VG_END: nothing is left; VG_ERR_SHORT: it is not all there (then *in and
 * *out stay); VG_ERR_FORMAT: no definite length of four octets or less, or a tag of more than four. */
enum vg_err ber_next(struct slice *in, struct ber *out) VG_MUST_CHECK;
/* The same, but a value that is cut off by the end of the input is handed out as far as it goes:
 * VG_ERR_SHORT only where identifier or length are not all there. */
enum vg_err ber_next_cut(struct slice *in, struct ber *out) VG_MUST_CHECK;

/* The next element if it has this tag: its value and true; otherwise false and *in stays. `value`
 * may be NULL, to skip it. */
bool ber_take(struct slice *in, uint32_t tag, struct slice *value);
/* Takes elements until one has the tag: its value and true; *in stands behind it. */
bool ber_find(struct slice *in, uint32_t tag, struct slice *value);

/* The value of an INTEGER or ENUMERATED. False when it is empty or does not fit. */
bool ber_int(struct slice value, int64_t *out);
/* The next element if it is an INTEGER or ENUMERATED that fits; otherwise false and *in stays. */
bool ber_take_int(struct slice *in, int64_t *out);
/* Appends the value of an OBJECT IDENTIFIER as text ("1.3.6.1"); false (and what was appended
 * taken back) when it is none or has a part over 32 bits. */
bool ber_put_oid(struct slice value, struct buf *out);
/* The bytes of a value as text. */
struct str ber_str(struct slice value);
