/* SPDX-License-Identifier: Apache-2.0 */
/* modbus: machines that are read and set without any password (Modbus Application Protocol 1.1b3,
 * Modbus over TCP 1.0b), on their port.
 *
 * Record "modbus", once for each different content (once.h): unit, function (number), name, write
 * (it changes something), exception (code of a refusal). */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/pull.h"

enum { PORT_MODBUS = 502, MODBUS_HEAD = 9 /* with function and what follows */ };

struct modbus {
    struct once once;
    uint32_t skip[2];
    struct pull in[2];
};

struct function {
    uint8_t number;
    bool write;
    const char *name;
};

static const struct function FUNCTIONS[] = {
    {1, false, "read coils"},
    {2, false, "read discrete inputs"},
    {3, false, "read holding registers"},
    {4, false, "read input registers"},
    {5, true, "write single coil"},
    {6, true, "write single register"},
    {7, false, "read exception status"},
    {8, false, "diagnostics"},
    {11, false, "get comm event counter"},
    {12, false, "get comm event log"},
    {15, true, "write multiple coils"},
    {16, true, "write multiple registers"},
    {17, false, "report server id"},
    {20, false, "read file record"},
    {21, true, "write file record"},
    {22, true, "mask write register"},
    {23, true, "read/write multiple registers"},
    {24, false, "read fifo queue"},
    {43, false, "encapsulated interface"},
    {90, true, "unity"},
};

static const struct function *
function_of(unsigned number)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(FUNCTIONS); i++)
        if (FUNCTIONS[i].number == number)
            return &FUNCTIONS[i];
    return NULL;
}

/* Transaction, protocol 0, length of what follows, unit, function. */
static enum probe
modbus_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head;
    unsigned protocol, len, function;

    if (sport != PORT_MODBUS && dport != PORT_MODBUS)
        return PROBE_NO;
    slice_skip(&in, 2);
    protocol = slice_be16(&in);
    len = slice_be16(&in);
    slice_skip(&in, 1);
    function = slice_u8(&in);
    if (protocol != 0)
        return PROBE_NO;
    if (in.bad)
        return PROBE_MORE;
    return len >= 3 && len <= 254 && function_of(function & 0x7f) != NULL ? PROBE_YES : PROBE_NO;
}

static void *
modbus_open(const struct protocol_call *call)
{
    struct modbus *m = net_parser_alloc(call->engine, sizeof(*m));

    if (m == NULL)
        return NULL;
    pull_init(&m->in[0], MODBUS_HEAD);
    pull_init(&m->in[1], MODBUS_HEAD);
    return m;
}

static enum vg_err
on_head(struct modbus *m, const struct protocol_call *call, struct slice in)
{
    struct record r = {.type = "modbus"};
    const struct function *f;
    unsigned protocol, len, unit, function, code;

    slice_skip(&in, 2);
    protocol = slice_be16(&in);
    len = slice_be16(&in);
    unit = slice_u8(&in);
    function = slice_u8(&in);
    code = slice_u8(&in);
    if (protocol != 0 || len < 3 || len > 254)
        return VG_ERR_FORMAT;
    m->skip[call->dir] = len - 3;
    f = function_of(function & 0x7f);
    record_number(&r, "unit", unit);
    record_number(&r, "function", function & 0x7f);
    if (f != NULL)
        record_text_put(&r, "name", str_of(f->name));
    record_bool(&r, "write", f != NULL && f->write);
    if (function & 0x80)
        record_number(&r, "exception", code);
    once_tell(&m->once, &r, call, call->flow->client);
    return VG_OK;
}

static enum vg_err
modbus_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct modbus *m = self;
    uint32_t *skip = &m->skip[call->dir];
    enum vg_err err = VG_OK;

    while (bytes.left > 0 && err == VG_OK) {
        struct slice head;

        if (*skip > 0) {
            size_t n = bytes.left < *skip ? bytes.left : *skip;

            slice_skip(&bytes, n);
            *skip -= (uint32_t)n;
            continue;
        }
        err = pull_peek(&m->in[call->dir], call, &bytes, MODBUS_HEAD, &head);
        if (err == VG_OK)
            err = on_head(m, call, head);
        if (err == VG_OK)
            pull_done(&m->in[call->dir], call, &bytes, MODBUS_HEAD);
    }
    return err == VG_AGAIN ? VG_OK : err;
}

static enum vg_err
modbus_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    (void)self;
    (void)call;
    (void)bytes;
    return VG_END;
}

static void
modbus_close(void *self, const struct protocol_call *call)
{
    struct modbus *m = self;

    pull_free(&m->in[0], call->engine);
    pull_free(&m->in[1], call->engine);
    net_parser_free(call->engine, m, sizeof(*m));
}

const struct protocol PROTOCOL_MODBUS = {
    .name = "modbus",
    .probe = modbus_probe,
    .open = modbus_open,
    .bytes = modbus_bytes,
    .gap = modbus_gap,
    .close = modbus_close,
};
