/* SPDX-License-Identifier: Apache-2.0 */
/* coap: small devices that are read and switched (RFC 7252).
 *
 * Record "coap", once for each different content (once.h); src is who asks: method ("get", "post",
 * "put", "delete") with path and host, or code of an answer ("2.05"). */
#include <stdio.h>

#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"

enum { PORT_COAP = 5683, COAP_OPTIONS_MAX = 32, COAP_PATH_MAX = 255 };
enum { OPTION_HOST = 3, OPTION_PATH = 11 };

/* A delta or length of 13 and 14 stands in one or two bytes more (3.1). */
static unsigned
extended(unsigned nibble, struct slice *in)
{
    return nibble == 13 ? slice_u8(in) + 13u : nibble == 14 ? slice_be16(in) + 269u : nibble;
}

/* False where the options are no options. */
static bool
read_options(struct slice in, struct buf *path, struct str *host)
{
    unsigned number = 0;

    for (int i = 0; i < COAP_OPTIONS_MAX && in.left > 0; i++) {
        uint8_t c = slice_u8(&in);
        unsigned delta, len;
        struct slice value;

        if (c == 0xff)
            return in.left > 0; /* the marker promises a payload */
        if (c >> 4 == 15 || (c & 15) == 15)
            return false;
        delta = extended(c >> 4, &in);
        len = extended(c & 15, &in);
        value = slice_sub(&in, len);
        if (in.bad)
            return false;
        number += delta;
        if (number == OPTION_HOST)
            *host = str_n(value.at, value.left);
        if (number == OPTION_PATH && path->len + value.left < COAP_PATH_MAX) {
            buf_put_u8(path, '/');
            buf_put(path, value.at, value.left);
        }
    }
    return true;
}

static bool
coap_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    static const char *const methods[] = {"", "get", "post", "put", "delete"};
    struct slice in = pkt->payload;
    uint8_t first = slice_u8(&in), code = slice_u8(&in);
    struct buf *path = net_scratch(call->engine);
    struct record r = {.type = "coap"};
    struct str host = str_of("");
    struct once *once;
    char number[8];

    if (pkt->sport != PORT_COAP && pkt->dport != PORT_COAP)
        return false;
    slice_skip(&in, 2 + (first & 15));
    if (in.bad || first >> 6 != 1 || (first & 15) > 8 ||
        (code >> 5 == 0 ? code >= VG_ARRAY_LEN(methods)
                        : code >> 5 != 2 && code >> 5 != 4 && code >> 5 != 5))
        return false;
    buf_clear(path);
    if (!read_options(in, path, &host))
        return false;
    once = once_of_flow(call);
    if (once == NULL)
        return false;
    if (code == 0)
        return true; /* empty: an acknowledgement or a ping */
    if (code >> 5 == 0) {
        record_text_put(&r, "method", str_of(methods[code]));
        record_text_opt(&r, "host", host);
        record_text_put(&r, "path", str_n(path->data, path->len));
    } else {
        snprintf(number, sizeof(number), "%d.%02d", code >> 5, code & 31);
        record_text_put(&r, "code", str_of(number));
    }
    once_tell(once, &r, call, code >> 5 == 0 ? call->dir : 1 - call->dir);
    return true;
}

const struct protocol PROTOCOL_COAP = {
    .name = "coap",
    .close = once_close,
    .datagram = coap_datagram,
};
