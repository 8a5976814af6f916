/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/detect/pay_person.h"

#include <math.h>

#include "agent/detect/codec.h"

void
pay_person_put(const void *cell, struct buf *out)
{
    const struct pay_person *p = cell;

    codec_put_i64(out, p->at_ns);
    codec_put_f64(out, p->sales);
    codec_put_f64(out, p->refunds);
}

void
pay_person_get(void *cell, struct slice *in)
{
    struct pay_person *p = cell;

    p->at_ns = codec_time(in);
    p->sales = codec_f64(in);
    p->refunds = codec_f64(in);
}

void
pay_person_count(struct pay_person *p, bool refund, double w, int64_t now_ns)
{
    double dt = (double)(now_ns - p->at_ns);

    if (p->at_ns == 0 || dt > 0) {
        double keep = p->at_ns == 0 ? 0 : exp(-dt / (double)PAY_PERSON_MEMORY_NS);

        p->sales *= keep;
        p->refunds *= keep;
        p->at_ns = now_ns;
    }
    if (refund)
        p->refunds += w;
    else
        p->sales += w;
}

const struct keytab_options PAY_PEOPLE = {.cell_bytes = sizeof(struct pay_person),
                                          .cells_max = PAY_PEOPLE_MAX,
                                          .row_bits = 5,
                                          .name = 'p',
                                          .version = 2,
                                          .put = pay_person_put,
                                          .get = pay_person_get};
