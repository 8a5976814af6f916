/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/dns_message.h"
#include "net_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_message m;
    struct buf text;

    buf_init(&text, DNS_TEXT_MAX);
    if (dns_message_read(slice_of(data, size), &text, &m) == VG_OK) {
        FUZZ_HOLDS(m.answer_count <= DNS_ANSWERS_MAX && m.rcode < 4096);
        FUZZ_HOLDS(m.query.len < 1024);
        for (size_t i = 0; i < m.query.len; i++) /* escaped: printable */
            FUZZ_HOLDS(m.query.at[i] > 0x20 && m.query.at[i] < 0x7f);
        for (size_t i = 0; i < m.answer_count; i++)
            FUZZ_HOLDS(m.answers[i].len <= text.len);
    }
    if (dns_message_certain(slice_of(data, size)))
        FUZZ_HOLDS(dns_message_read(slice_of(data, size), &text, &m) == VG_OK);
    buf_done(&text);
    return 0;
}
