/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols that are only named, by their first bytes: whatever is there, an answer that more bytes
 * do not take back. Two bytes choose the ports, the rest is what one side says first. */
#include "fuzz_protocol.h"

static const struct protocol *const NAMED[] = {
    &PROTOCOL_XMPP, &PROTOCOL_NNTP,    &PROTOCOL_RSYNC,     &PROTOCOL_GIT,
    &PROTOCOL_AMQP, &PROTOCOL_MONGODB, &PROTOCOL_MEMCACHED,
};

static uint16_t
port_of(uint8_t choice)
{
    static const uint16_t ports[] = {5222, 119, 873, 9418, 5672, 27017, 11211, 40000};

    return ports[choice % VG_ARRAY_LEN(ports)];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    uint16_t sport = port_of(slice_u8(&in)), dport = port_of(slice_u8(&in));

    for (size_t i = 0; !in.bad && i < VG_ARRAY_LEN(NAMED); i++) {
        enum probe whole = NAMED[i]->probe(in, sport, dport);

        for (size_t n = 1; n < in.left && n <= 64; n++) {
            struct slice rest = in, part = slice_sub(&rest, n);
            uint8_t *copy = malloc(n);

            FUZZ_HOLDS(copy != NULL);
            (void)slice_copy(&part, copy, n);
            if (NAMED[i]->probe(slice_of(copy, n), sport, dport) == PROBE_YES)
                FUZZ_HOLDS(whole != PROBE_MORE);
            free(copy);
        }
    }
    fuzz_datagrams(&PROTOCOL_MEMCACHED, 11211, in);
    return 0;
}
