/* SPDX-License-Identifier: Apache-2.0 */
/* mqtt: devices that log in at a broker (MQTT 3.1, 3.1.1, 5.0).
 *
 * Record "mqtt", one for each connection: version ("3.1", "3.1.1", "5.0"), client_id, user,
 * password (whether there was one), will (topic), keepalive (seconds), code (of the answer, absent
 * where none was seen). With a user name it is a log-in, service "mqtt". What is published
 * afterwards is not looked at. */
#include "agent/net/engine.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum { MQTT_CONNECT_MAX = 2048, MQTT_TEXT_MAX = 64, CONNECT = 0x10, CONNACK = 0x20 };
enum { FLAG_WILL = 0x04, FLAG_PASSWORD = 0x40, FLAG_USER = 0x80 };

struct mqtt {
    struct buf in[2];
    bool asked, told;
    uint8_t client, level, flags;
    uint16_t keepalive;
    char id[MQTT_TEXT_MAX], user[MQTT_TEXT_MAX], will[MQTT_TEXT_MAX];
};

/* Seven bits a byte, at most four bytes (5.0, 1.5.5). False: not there, or no number. */
static bool
take_number(struct slice *in, uint32_t *out)
{
    *out = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t c = slice_u8(in);

        if (in->bad)
            return false;
        *out |= (uint32_t)(c & 127) << shift;
        if (c < 128)
            return true;
    }
    return false;
}

static enum probe
mqtt_probe(struct slice head, uint16_t sport, uint16_t dport)
{
    struct slice in = head, name;
    uint32_t len;

    (void)sport;
    (void)dport;
    if (slice_u8(&in) != CONNECT)
        return PROBE_NO;
    if (!take_number(&in, &len))
        return head.left < 5 ? PROBE_MORE : PROBE_NO;
    if (len < 12 || len > MQTT_CONNECT_MAX)
        return PROBE_NO;
    name = slice_sub(&in, 6);
    if (in.bad)
        return PROBE_MORE;
    if (slice_be16(&name) == 4)
        return slice_be32(&name) == 0x4d515454 ? PROBE_YES : PROBE_NO; /* "MQTT" */
    return slice_be32(&name) == 0x4d514973 ? PROBE_YES : PROBE_NO;     /* "MQIsdp" */
}

static void *
mqtt_open(const struct protocol_call *call)
{
    struct mqtt *m = net_parser_alloc(call->engine, sizeof(*m));

    if (m == NULL)
        return NULL;
    buf_init(&m->in[0], MQTT_CONNECT_MAX + 5);
    buf_init(&m->in[1], MQTT_CONNECT_MAX + 5);
    return m;
}

/* The next string, cut. */
static void
keep_text(struct slice *in, char out[MQTT_TEXT_MAX])
{
    struct slice s = slice_sub(in, slice_be16(in));

    (void)words_keep(out, MQTT_TEXT_MAX, str_n(s.at, s.left));
}

static void
skip_properties(const struct mqtt *m, struct slice *in)
{
    uint32_t len;

    if (m->level >= 5 && take_number(in, &len))
        slice_skip(in, len);
}

static bool
read_connect(struct mqtt *m, struct slice in)
{
    slice_skip(&in, slice_be16(&in)); /* the protocol's name */
    m->level = slice_u8(&in);
    m->flags = slice_u8(&in);
    m->keepalive = slice_be16(&in);
    skip_properties(m, &in);
    keep_text(&in, m->id);
    if (m->flags & FLAG_WILL) {
        skip_properties(m, &in);
        keep_text(&in, m->will);
        slice_skip(&in, slice_be16(&in));
    }
    if (m->flags & FLAG_USER)
        keep_text(&in, m->user);
    return !in.bad;
}

/* `code` -1: no answer was seen. */
static void
tell(struct mqtt *m, const struct protocol_call *call, int code)
{
    struct record r = {.type = "mqtt"};
    struct login_view view = {.service = "mqtt", .user = str_of(m->user), .cleartext = true};

    m->told = true;
    record_text_put(&r, "version", str_of(m->level >= 5 ? "5.0" : m->level == 4 ? "3.1.1" : "3.1"));
    record_text_opt(&r, "client_id", str_of(m->id));
    record_text_opt(&r, "user", str_of(m->user));
    record_bool(&r, "password", (m->flags & FLAG_PASSWORD) != 0);
    record_text_opt(&r, "will", str_of(m->will));
    record_number(&r, "keepalive", m->keepalive);
    if (code >= 0)
        record_number(&r, "code", code);
    record_tell(&r, call, m->client);
    if ((m->flags & FLAG_USER) == 0)
        return;
    view.cleartext = (m->flags & FLAG_PASSWORD) != 0;
    view.result = code < 0 ? LOGIN_UNKNOWN : code == 0 ? LOGIN_SUCCEEDED : LOGIN_FAILED;
    login_tell(&view, call, m->client);
}

/* The packet at the start of one direction: CONNECT, or CONNACK. */
static enum vg_err
on_packet(struct mqtt *m, const struct protocol_call *call, uint8_t type, struct slice body)
{
    if (type == CONNECT && !m->asked) {
        m->asked = true;
        m->client = (uint8_t)call->dir;
        return read_connect(m, body) ? VG_OK : VG_ERR_FORMAT;
    }
    if (type == CONNACK && m->asked && m->client != call->dir) {
        slice_skip(&body, 1);
        tell(m, call, slice_u8(&body));
    }
    return VG_END;
}

static enum vg_err
mqtt_bytes(void *self, const struct protocol_call *call, struct slice bytes)
{
    struct mqtt *m = self;
    struct buf *kept = &m->in[call->dir];
    struct slice in = bytes, body;
    enum vg_err err;
    uint32_t len;
    uint8_t type;

    if (m->asked && m->client == call->dir) /* what it publishes before the answer */
        return VG_OK;
    if (kept->len > 0) {
        size_t room = kept->cap - kept->len, n = bytes.left < room ? bytes.left : room;

        err = net_gather(call->engine, kept, bytes.at, n);
        if (err != VG_OK)
            return err;
        in = buf_slice(kept);
    }
    type = slice_u8(&in);
    if (take_number(&in, &len) && len <= MQTT_CONNECT_MAX) {
        body = slice_sub(&in, len);
        if (!in.bad)
            return on_packet(m, call, type, body);
    } else if (!in.bad) {
        return VG_ERR_FORMAT;
    }
    return kept->len > 0 ? VG_OK : net_gather(call->engine, kept, bytes.at, bytes.left);
}

static enum vg_err
mqtt_gap(void *self, const struct protocol_call *call, uint32_t bytes)
{
    struct mqtt *m = self;

    (void)bytes;
    return m->asked && m->client == call->dir ? VG_OK : VG_END;
}

static void
mqtt_close(void *self, const struct protocol_call *call)
{
    struct mqtt *m = self;

    if (m->asked && !m->told)
        tell(m, call, -1);
    net_gather_done(call->engine, &m->in[0]);
    net_gather_done(call->engine, &m->in[1]);
    net_parser_free(call->engine, m, sizeof(*m));
}

const struct protocol PROTOCOL_MQTT = {
    .name = "mqtt",
    .probe = mqtt_probe,
    .open = mqtt_open,
    .bytes = mqtt_bytes,
    .gap = mqtt_gap,
    .close = mqtt_close,
};
