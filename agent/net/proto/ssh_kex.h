/* SPDX-License-Identifier: Apache-2.0 */
/* ssh_kex: the algorithms that one side of SSH offers (RFC 4253, 7.1), and their fingerprint.
 *
 * HASSH: github.com/salesforce/hassh (BSD 3-clause): MD5 of "kex;encryption;mac;compression" as the
 * side offers them for what it sends. */
#pragma once

#include "common/buf.h"
#include "common/slice.h"
#include "common/str.h"

enum ssh_list {
    SSH_KEX,
    SSH_HOST_KEY,
    SSH_CIPHER_OUT, /* client to server */
    SSH_CIPHER_IN,
    SSH_MAC_OUT,
    SSH_MAC_IN,
    SSH_COMPRESSION_OUT,
    SSH_COMPRESSION_IN,
    SSH_LISTS
};
enum { SSH_HASSH_SIZE = 33 };

struct ssh_kex {
    struct str list[SSH_LISTS]; /* names with commas, borrowed from the input */
};

/* `in`: KEXINIT behind its type byte. VG_ERR_FORMAT. */
enum vg_err ssh_kex_read(struct slice in, struct ssh_kex *out) VG_MUST_CHECK;
/* Of the client's lists, or of the server's; MD5 in hex. `scratch` is cleared and used.
 * VG_ERR_LIMIT, VG_ERR_SYS. */
enum vg_err ssh_kex_hassh(const struct ssh_kex *k, bool server, struct buf *scratch,
                          char out[SSH_HASSH_SIZE]) VG_MUST_CHECK;
/* What both agree on: the client's first that the server has too; "" for none. */
struct str ssh_kex_agreed(const struct ssh_kex *client, const struct ssh_kex *server,
                          enum ssh_list which);
