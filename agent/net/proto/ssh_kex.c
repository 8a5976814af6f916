/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ssh_kex.h"

#include <openssl/evp.h>

#include "agent/net/proto/words.h"
#include "common/hex.h"

enum { COOKIE = 16 };

enum vg_err
ssh_kex_read(struct slice in, struct ssh_kex *out)
{
    slice_skip(&in, COOKIE);
    for (unsigned i = 0; i < SSH_LISTS; i++) {
        struct slice list = slice_sub(&in, slice_be32(&in));

        out->list[i] = str_n(list.at, list.left);
    }
    return in.bad ? VG_ERR_FORMAT : VG_OK;
}

static void
put_list(struct buf *out, const struct ssh_kex *k, unsigned which)
{
    if (out->len > 0)
        buf_put_u8(out, ';');
    buf_put(out, k->list[which].at, k->list[which].len);
}

enum vg_err
ssh_kex_hassh(const struct ssh_kex *k, bool server, struct buf *scratch, char out[SSH_HASSH_SIZE])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned other = server ? 1 : 0, len = 0;

    buf_clear(scratch);
    put_list(scratch, k, SSH_KEX);
    put_list(scratch, k, SSH_CIPHER_OUT + other);
    put_list(scratch, k, SSH_MAC_OUT + other);
    put_list(scratch, k, SSH_COMPRESSION_OUT + other);
    if (scratch->bad)
        return VG_ERR_LIMIT;
    if (EVP_Digest(scratch->data, scratch->len, digest, &len, EVP_md5(), NULL) != 1 || len != 16)
        return VG_ERR_SYS;
    hex_put(digest, len, out);
    return VG_OK;
}

static bool
has(struct str list, struct str name)
{
    while (list.len > 0)
        if (str_eq(words_until(&list, ','), name))
            return true;
    return false;
}

struct str
ssh_kex_agreed(const struct ssh_kex *client, const struct ssh_kex *server, enum ssh_list which)
{
    struct str wanted = client->list[which];

    for (unsigned i = 0; i < 256 && wanted.len > 0; i++) {
        struct str name = words_until(&wanted, ',');

        if (has(server->list[which], name))
            return name;
    }
    return str_of(NULL);
}
