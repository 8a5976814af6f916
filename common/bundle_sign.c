/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed a bundle, and signing one. */
#include <string.h>

#include "common/bundle.h"
#include "common/bundle_private.h"
#include "common/ed25519.h"

static const uint8_t MAGIC[BUNDLE_MAGIC] = "VIGIA-BUNDLE-1\n";

const uint8_t *
bundle_magic(void)
{
    return MAGIC;
}

/* What is signed: the magic, so that a signature for this is none for anything else, and the
 * archive. One piece of memory: Ed25519 wants the whole text. */
static enum vg_err
signed_text(struct slice whole, struct buf *out)
{
    buf_init(out, BUNDLE_BYTES_MAX);
    buf_put(out, MAGIC, sizeof MAGIC);
    slice_skip(&whole, BUNDLE_HEAD);
    if (whole.bad)
        return VG_ERR_SHORT;
    buf_put(out, whole.at, whole.left);
    return out->bad ? VG_ERR_NOMEM : VG_OK;
}

enum vg_err
bundle_verify(struct slice whole, const uint8_t (*keys)[BUNDLE_KEY], size_t count,
              struct bundle_error *error)
{
    struct slice head = whole, magic, signature;
    struct buf text;
    bool good = false;
    enum vg_err err;

    if (whole.left > BUNDLE_BYTES_MAX)
        return bundle_refuse(error, VG_ERR_LIMIT, "large", "it is larger than %d bytes",
                             BUNDLE_BYTES_MAX);
    magic = slice_sub(&head, BUNDLE_MAGIC);
    signature = slice_sub(&head, BUNDLE_SIGNATURE);
    if (signature.bad)
        return bundle_refuse(error, VG_ERR_SHORT, "short", "it is cut off");
    if (memcmp(magic.at, MAGIC, sizeof MAGIC) != 0)
        return bundle_refuse(error, VG_ERR_FORMAT, "format", "it is no bundle of Vigia's");
    err = signed_text(whole, &text);
    for (size_t i = 0; err == VG_OK && !good && i < count; i++)
        good = ed25519_verify(keys[i], buf_slice(&text), signature);
    buf_done(&text);
    if (err != VG_OK)
        return bundle_refuse(error, err, "memory", "no memory to look at it");
    if (!good)
        return bundle_refuse(error, VG_ERR_DENIED, "signature",
                             count == 0 ? "no key is known that may sign it"
                                        : "none of the keys that may sign it has signed it");
    return VG_OK;
}

enum vg_err
bundle_sign(struct slice pem, struct buf *whole)
{
    struct buf text = {.data = NULL};
    enum vg_err err = signed_text(buf_slice(whole), &text);

    if (err == VG_OK)
        err = ed25519_sign(pem, buf_slice(&text), whole->data + BUNDLE_MAGIC);
    buf_done(&text);
    return err;
}
