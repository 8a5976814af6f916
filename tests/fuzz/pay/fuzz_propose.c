/* SPDX-License-Identifier: Apache-2.0 */
/* propose: whatever the sample, what is proposed is a profile that can be loaded. */
#include <stdlib.h>

#include "agent/pay/profile.h"
#include "agent/pay/propose.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct conf_error why = {.text = ""};
    struct profile *profile;
    struct buf text, yaml;
    enum vg_err err;

    buf_init(&text, 1 << 20);
    buf_init(&yaml, 1 << 20);
    while (in.left > 0) /* the caller gives valid UTF-8 */
        utf8_put(&text, utf8_next(&in));
    if (text.bad)
        goto done;
    err = propose_profile(buf_slice(&text), size % 2 == 0, "fuzz", &yaml);
    if (err != VG_OK)
        goto done;
    if (profile_parse("proposal", buf_slice(&yaml), &profile, &why) != VG_OK)
        __builtin_trap();
    profile_free(profile);
done:
    buf_done(&text);
    buf_done(&yaml);
    return 0;
}
