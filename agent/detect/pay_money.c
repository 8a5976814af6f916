/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_money.h"

#include <stdlib.h>
#include <string.h>

#include "agent/detect/codec.h"

struct pay_money *
pay_money_new(const char *currency)
{
    struct pay_money *m = calloc(1, sizeof *m);

    if (m == NULL)
        return NULL;
    (void)vg_strcpy(m->currency, sizeof m->currency, currency);
    for (size_t c = 0; c < CAUSES; c++)
        quantile_init(&m->ranks[c], PAY_MONEY_MEMORY_NS);
    return m;
}

void
pay_money_put(const struct pay_money *m, struct buf *out)
{
    codec_put_text(out, m->currency, strlen(m->currency));
    moments_put(&m->all, out);
    moments_put(&m->variation, out);
    moments_put(&m->at_terminal, out);
    moments_put(&m->at_employee, out);
    moments_put(&m->gain, out);
    for (size_t c = 0; c < CAUSES; c++)
        quantile_put(&m->ranks[c], out);
    season_put(&m->season, out);
    codec_put_i64(out, m->since_ns);
    buf_put_be64(out, m->seen);
}

void
pay_money_get(struct pay_money *m, uint16_t version, struct slice *in)
{
    size_t causes = version == 1 ? CAUSE_EMPLOYEE : CAUSES;
    struct slice name = slice_sub(in, slice_be32(in));

    if (name.left >= sizeof m->currency) {
        in->bad = true;
        return;
    }
    (void)slice_copy(&name, m->currency, name.left);
    moments_get(&m->all, in);
    moments_get(&m->variation, in);
    moments_get(&m->at_terminal, in);
    if (version > 1)
        moments_get(&m->at_employee, in);
    moments_get(&m->gain, in);
    for (size_t c = 0; c < causes; c++)
        quantile_get(&m->ranks[c], in);
    season_get(&m->season, in);
    m->since_ns = codec_time(in);
    m->seen = slice_be64(in);
}
