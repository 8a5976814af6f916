/* SPDX-License-Identifier: Apache-2.0 */
/* dialog: a conversation of two made-up hosts, through the whole engine: packets are built here, the
 * protocol is found by its looks, the log holds what was told.
 *
 *     static const struct line SMTP[] = {{1, TEXT("220 mail\r\n")}, {0, TEXT("EHLO a\r\n")}};
 *     dialog_tcp(&log, SMTP, VG_ARRAY_LEN(SMTP), 25, DIALOG_WHOLE);
 *
 * A test of a protocol: whole; in segments of one byte (same words); and every line cut at every
 * byte (nothing bad happens): dialog_survives_cuts(). Client 10.0.0.2, server 10.0.0.1. */
#pragma once

#include "net_kit.h"

struct line {
    unsigned dir; /* 0: the client speaks */
    const void *bytes;
    size_t len;
};
#define TEXT(s)  (s), sizeof(s) - 1
#define BYTES(a) (a), sizeof(a)

enum { DIALOG_WHOLE = 65535, DIALOG_CLIENT_PORT = 40000 };
enum { DIALOG_FRAME_MAX = 65600 };

static inline void
dialog_be(uint8_t *out, unsigned len, uint32_t v)
{
    for (unsigned i = 0; i < len; i++)
        out[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

/* One IPv4 packet in a heap block of its own. `flags` 0: UDP. */
static inline void
dialog_packet(struct net_engine *e, unsigned dir, uint16_t server_port, const uint32_t seq[2],
              uint8_t flags, const void *bytes, size_t len, int64_t time_ns)
{
    size_t head = flags != 0 ? 40 : 28;
    uint8_t *p = calloc(1, head + len);

    assert_non_null(p);
    p[0] = 0x45;
    dialog_be(p + 2, 2, (uint32_t)(head + len));
    p[8] = 64;
    p[9] = flags != 0 ? 6 : 17;
    dialog_be(p + 12, 4, dir == 0 ? 0x0a000002 : 0x0a000001);
    dialog_be(p + 16, 4, dir == 0 ? 0x0a000001 : 0x0a000002);
    dialog_be(p + 20, 2, dir == 0 ? DIALOG_CLIENT_PORT : server_port);
    dialog_be(p + 22, 2, dir == 0 ? server_port : DIALOG_CLIENT_PORT);
    if (flags != 0) {
        dialog_be(p + 24, 4, seq[dir]);
        dialog_be(p + 28, 4, seq[1 - dir]);
        p[32] = 0x50;
        p[33] = flags;
        p[34] = 0xff;
    } else {
        dialog_be(p + 24, 2, (uint32_t)(8 + len));
    }
    if (len > 0)
        memcpy(p + head, bytes, len);
    net_engine_frame(e, 12 /* DLT_RAW */, time_ns, slice_of(p, head + len), (uint32_t)(head + len));
    free(p);
}

/* `piece`: largest segment. The log is initialised here; kit_log_free() it. */
static inline void
dialog_tcp(struct kit_log *log, const struct line *lines, size_t count, uint16_t server_port,
           size_t piece)
{
    struct net_engine *e = kit_engine(log);
    uint32_t seq[2] = {1000, 9000};
    int64_t t = 1700000000000000000;

    dialog_packet(e, 0, server_port, seq, TCP_SYN, "", 0, t);
    seq[0]++;
    dialog_packet(e, 1, server_port, seq, TCP_SYN | TCP_ACK, "", 0, t += 1000000);
    seq[1]++;
    dialog_packet(e, 0, server_port, seq, TCP_ACK, "", 0, t += 1000000);
    for (size_t i = 0; i < count; i++) {
        struct slice in = slice_of(lines[i].bytes, lines[i].len);

        t += 1000000;
        while (in.left > 0) {
            struct slice part = slice_sub(&in, in.left < piece ? in.left : piece);
            size_t n = part.left;

            dialog_packet(e, lines[i].dir, server_port, seq, TCP_ACK | TCP_PSH, part.at, n, t);
            seq[lines[i].dir] += (uint32_t)n;
        }
    }
    dialog_packet(e, 0, server_port, seq, TCP_FIN | TCP_ACK, "", 0, t += 1000000);
    seq[0]++;
    dialog_packet(e, 1, server_port, seq, TCP_FIN | TCP_ACK, "", 0, t += 1000000);
    net_engine_flush(e);
    net_engine_free(e);
}

static inline void
dialog_udp(struct kit_log *log, const struct line *lines, size_t count, uint16_t server_port)
{
    struct net_engine *e = kit_engine(log);
    int64_t t = 1700000000000000000;

    for (size_t i = 0; i < count; i++)
        dialog_packet(e, lines[i].dir, server_port, NULL, 0, lines[i].bytes, lines[i].len,
                      t += 1000000);
    net_engine_flush(e);
    net_engine_free(e);
}

static inline void
kit_log_free(struct kit_log *log)
{
    buf_done(&log->text);
}

/* Each line cut at each of its bytes, the rest of the conversation as it was: no sanitizer speaks,
 * every flow ends. Over TCP and over UDP. */
static inline void
dialog_survives_cuts(const struct line *lines, size_t count, uint16_t server_port, bool udp)
{
    struct line cut[64];

    assert_true(count <= VG_ARRAY_LEN(cut));
    for (size_t i = 0; i < count; i++) {
        memcpy(cut, lines, count * sizeof(cut[0]));
        for (size_t n = 0; n < lines[i].len; n++) {
            struct kit_log log;

            cut[i].len = n;
            if (udp)
                dialog_udp(&log, cut, count, server_port);
            else
                dialog_tcp(&log, cut, count, server_port, DIALOG_WHOLE);
            assert_int_equal(log.count[OBS_FLOW_START], log.count[OBS_FLOW_END]);
            kit_log_free(&log);
        }
    }
}

/* With VIGIA_SEEDS=tests/fuzz/corpus: writes the conversation there as a seed of `fuzzer`, in the
 * form of tests/fuzz/net/fuzz_protocol.h. */
static inline void
dialog_seed(const char *fuzzer, const char *name, const struct line *lines, size_t count)
{
    const char *folder = getenv("VIGIA_SEEDS");
    char path[512];
    FILE *f;

    if (folder == NULL)
        return;
    snprintf(path, sizeof(path), "%s/%s/%s", folder, fuzzer, name);
    f = fopen(path, "wb");
    assert_non_null(f); /* make the fuzzer's folder first */
    for (size_t i = 0; i < count; i++) {
        struct slice in = slice_of(lines[i].bytes, lines[i].len);

        while (in.left > 0) {
            size_t eights = (in.left - 1) / 8 < 63 ? (in.left - 1) / 8 : 63;
            struct slice part = slice_sub(&in, eights * 8 + 1);

            fputc((int)(eights << 2 | lines[i].dir), f);
            fwrite(part.at, 1, part.left, f);
        }
    }
    fclose(f);
}
