/* SPDX-License-Identifier: Apache-2.0 */
/* A worker that behaves as VIGIA_FAKE says, mostly badly. Speaks frames by itself, so that it can
 * also say what no real worker would. `--worker host` is the real host worker. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/host/worker_host.h"
#include "agent/link/frame.h"
#include "common/json.h"

struct fake {
    const char *name;
    const char *detector; /* whose; NULL: its own */
    platform_stream stream;
    struct buf in, out;
    platform_file file;
    unsigned rows, positions, handles, owners;
    uint32_t owner_err;
    char owner[512];
    uint64_t acked;
    bool configured, go, stop;
};

static void
flush(struct fake *f)
{
    platform_handle handle = f->stream;

    while (f->out.len > 0) {
        size_t n;
        unsigned ready;
        enum vg_err err =
            platform_stream_write(f->stream, f->out.data, f->out.len, &n, PLATFORM_NO_HANDLE);

        if (err == VG_OK)
            buf_consume(&f->out, n);
        else if (err != VG_AGAIN || platform_wait(&handle, 1, 1, -1, &ready) != VG_OK)
            exit(0); /* ended by the keeper */
    }
}

static void
take(struct fake *f, enum frame_type type, struct slice payload)
{
    f->configured = f->configured || type == FRAME_CONFIG;
    f->go = f->go || type == FRAME_GO;
    f->stop = f->stop || type == FRAME_STOP;
    f->rows += type == FRAME_STATE;
    f->positions += type == FRAME_POSITION;
    f->handles += type == FRAME_HANDLE;
    if (type == FRAME_OWNER) {
        f->owners++;
        slice_skip(&payload, 4);
        f->owner_err = slice_be32(&payload);
        (void)snprintf(f->owner, sizeof f->owner, "%.*s", (int)payload.left,
                       (const char *)payload.at);
    }
    if (type == FRAME_ACK)
        f->acked = slice_be64(&payload);
}

static void
pump(struct fake *f)
{
    platform_handle handle = f->stream;
    char piece[4096];
    unsigned ready;
    size_t n;
    struct slice in, payload;
    enum frame_type type;
    platform_file file;

    flush(f);
    if (platform_wait(&handle, 1, 0, -1, &ready) != VG_OK ||
        platform_stream_read(f->stream, piece, sizeof piece, &n, &file) != VG_OK)
        exit(0);
    if (file != PLATFORM_NO_HANDLE)
        f->file = file;
    buf_put(&f->in, piece, n);
    in = buf_slice(&f->in);
    while (frame_next(&in, &type, &payload) == VG_OK)
        take(f, type, payload);
    buf_consume(&f->in, f->in.len - in.left);
}

static void
put_event(struct fake *f, const char *note)
{
    char text[1024];

    (void)snprintf(
        text, sizeof text,
        "{\"v\":1,\"time\":\"2026-01-02T03:04:05Z\",\"class\":\"alert\",\"sensor\":\"%s\","
        "\"detector\":\"%s.fake\",\"severity\":\"high\",\"subject\":{\"kind\":\"host\","
        "\"id\":\"h\",\"label\":\"h\"},\"facts\":{\"note\":\"%s\"}}",
        f->name, f->detector != NULL ? f->detector : f->name, note);
    frame_put(&f->out, FRAME_EVENT, slice_of(text, strlen(text)));
}

static void
put_state(struct fake *f, const char *key)
{
    size_t mark = frame_begin(&f->out, FRAME_STATE);

    frame_put_text(&f->out, "net.fake", 8);
    frame_put_text(&f->out, key, strlen(key));
    buf_put_be16(&f->out, 1);
    buf_put(&f->out, "blob", 4);
    frame_end(&f->out, mark);
}

static void
put_position(struct fake *f)
{
    size_t mark = frame_begin(&f->out, FRAME_POSITION);

    frame_put_text(&f->out, "/source", 7);
    buf_put(&f->out, "{\"offset\":7}", 12);
    frame_end(&f->out, mark);
}

static void
put_number(struct fake *f, enum frame_type type, uint64_t number)
{
    size_t mark = frame_begin(&f->out, type);

    buf_put_be64(&f->out, number);
    frame_end(&f->out, mark);
}

static void
put_text(struct fake *f, enum frame_type type, const char *text)
{
    frame_put(&f->out, type, slice_of(text, strlen(text)));
}

static int
until_stopped(struct fake *f)
{
    while (!f->stop)
        pump(f);
    return 0;
}

static int
good(struct fake *f)
{
    char note[64];

    (void)snprintf(note, sizeof note, "rows=%u positions=%u", f->rows, f->positions);
    put_event(f, note);
    put_state(f, "a");
    put_state(f, "b");
    put_position(f);
    put_text(f, FRAME_OBSERVATION, "{\"o\":1}");
    put_number(f, FRAME_COMMIT, 1);
    while (f->acked < 1 && !f->stop)
        pump(f);
    put_text(f, FRAME_HEALTH, "{\"acked\":1}");
    put_text(f, FRAME_HEALTH, "{\"done\":true}");
    return until_stopped(f);
}

static int
crash(struct fake *f)
{
    put_event(f, "uncommitted");
    put_state(f, "a");
    flush(f);
    abort();
}

static int
flood(struct fake *f)
{
    while (!f->stop) {
        put_event(f, "flood");
        flush(f);
    }
    return 0;
}

static int
flood_health(struct fake *f)
{
    while (!f->stop) {
        put_text(f, FRAME_HEALTH, "{\"n\":1}");
        flush(f);
    }
    return 0;
}

static int
unknown_frame(struct fake *f)
{
    put_event(f, "uncommitted");
    put_text(f, (enum frame_type)'?', "x");
    return until_stopped(f);
}

static int
keepers_frame(struct fake *f)
{
    put_number(f, FRAME_ACK, 1);
    return until_stopped(f);
}

static int
bad_event(struct fake *f)
{
    put_event(f, "uncommitted");
    put_text(f, FRAME_EVENT, "{\"v\":1}");
    put_number(f, FRAME_COMMIT, 1);
    return until_stopped(f);
}

static int
other_sensor(struct fake *f)
{
    f->name = "pay";
    put_event(f, "in another's name");
    put_number(f, FRAME_COMMIT, 1);
    return until_stopped(f);
}

static int
other_detector(struct fake *f)
{
    f->detector = "pay";
    put_event(f, "of another's detector");
    put_number(f, FRAME_COMMIT, 1);
    return until_stopped(f);
}

static int
huge_frame(struct fake *f)
{
    buf_put_be32(&f->out, 0xfffffff0);
    buf_put(&f->out, "E", 1);
    return until_stopped(f);
}

static int
wrong_commit(struct fake *f)
{
    put_event(f, "uncommitted");
    put_number(f, FRAME_COMMIT, 5);
    return until_stopped(f);
}

static int
open_outside(struct fake *f)
{
    size_t mark = frame_begin(&f->out, FRAME_OPEN);

    buf_put_be32(&f->out, 1);
    buf_put_str(&f->out, "/etc/passwd");
    frame_end(&f->out, mark);
    return until_stopped(f);
}

static int
hang(struct fake *f)
{
    while (!f->stop)
        (void)pause();
    return 0;
}

static int
open_inside(struct fake *f)
{
    size_t mark = frame_begin(&f->out, FRAME_OPEN), n = 0;
    char text[64] = "";

    buf_put_be32(&f->out, 1);
    buf_put_str(&f->out, getenv("VIGIA_FAKE_FILE"));
    frame_end(&f->out, mark);
    while (f->handles == 0)
        pump(f);
    if (f->file == PLATFORM_NO_HANDLE ||
        platform_file_read(f->file, 0, text, sizeof text - 1, &n) != VG_OK)
        return 50;
    put_event(f, text);
    put_number(f, FRAME_COMMIT, 1);
    return until_stopped(f);
}

static void
put_whose(struct fake *f, const char *bytes, size_t len)
{
    size_t mark = frame_begin(&f->out, FRAME_WHOSE);

    buf_put_be32(&f->out, 7);
    buf_put(&f->out, bytes, len);
    frame_end(&f->out, mark);
}

static const char NOBODYS[FRAME_WHOSE_SOCKET - 4] = "\1\177\0\0\1";

/* Nobody's socket, then a file that was never told. */
static int
whose(struct fake *f)
{
    char note[64];

    put_whose(f, NOBODYS, sizeof NOBODYS);
    while (f->owners < 1)
        pump(f);
    if (f->owner_err != VG_ERR_NOENT)
        return 51;
    put_whose(f, "\0\0\0\0\0\0\0\11", 8);
    while (f->owners < 2)
        pump(f);
    (void)snprintf(note, sizeof note, "%u %s", f->owner_err, f->owner);
    put_event(f, note);
    put_number(f, FRAME_COMMIT, 1);
    return until_stopped(f);
}

static int
whose_twice(struct fake *f)
{
    put_whose(f, NOBODYS, sizeof NOBODYS);
    put_whose(f, NOBODYS, sizeof NOBODYS);
    return until_stopped(f);
}

static int
whose_size(struct fake *f)
{
    put_whose(f, NOBODYS, sizeof NOBODYS - 1);
    return until_stopped(f);
}

static int
whose_bits(struct fake *f)
{
    char other[sizeof NOBODYS] = "\377";

    put_whose(f, other, sizeof other);
    return until_stopped(f);
}

/* One after the other, without end. */
static int
whose_flood(struct fake *f)
{
    while (!f->stop) {
        unsigned owners = f->owners;

        put_whose(f, "\0\0\0\0\0\0\0\11", 8);
        while (f->owners == owners)
            pump(f);
    }
    return 0;
}

/* Crashes in its first life, after a commit. */
static int
once(struct fake *f)
{
    if (f->positions > 0) {
        put_event(f, "second life");
        put_number(f, FRAME_COMMIT, 1);
        return until_stopped(f);
    }
    put_event(f, "first life");
    put_position(f);
    put_number(f, FRAME_COMMIT, 1);
    while (f->acked < 1)
        pump(f);
    return crash(f);
}

static const struct {
    const char *name;
    int (*run)(struct fake *f);
} MODES[] = {
    {"good", good},
    {"crash", crash},
    {"flood", flood},
    {"flood_health", flood_health},
    {"unknown_frame", unknown_frame},
    {"keepers_frame", keepers_frame},
    {"bad_event", bad_event},
    {"other_sensor", other_sensor},
    {"other_detector", other_detector},
    {"huge_frame", huge_frame},
    {"wrong_commit", wrong_commit},
    {"open_outside", open_outside},
    {"open_inside", open_inside},
    {"whose", whose},
    {"whose_twice", whose_twice},
    {"whose_size", whose_size},
    {"whose_bits", whose_bits},
    {"whose_flood", whose_flood},
    {"once", once},
    {"hang", hang},
};

static int
behave(struct fake *f, const char *mode)
{
    while (!f->configured)
        pump(f);
    if (strcmp(mode, "fails_to_open") == 0) {
        put_text(f, FRAME_HEALTH, "{\"error\":\"no such interface\"}");
        flush(f);
        return 2;
    }
    if (strcmp(mode, "early_event") == 0) {
        put_event(f, "before the sandbox");
        return until_stopped(f);
    }
    put_text(f, FRAME_READY, "{\"landlock\":7}");
    while (!f->go && !f->stop)
        pump(f);
    for (size_t i = 0; i < VG_ARRAY_LEN(MODES); i++)
        if (strcmp(MODES[i].name, mode) == 0)
            return MODES[i].run(f);
    return 99;
}

int
main(int argc, char **argv)
{
    const char *mode = getenv("VIGIA_FAKE");
    struct fake f = {.file = PLATFORM_NO_HANDLE};
    int code;

    if (argc != 3 || mode == NULL)
        return 98;
    if (strcmp(argv[2], "host") == 0)
        return worker_main(&WORKER_HOST);
    f.name = argv[2];
    if (platform_child_stream(&f.stream) != VG_OK)
        return 97;
    buf_init(&f.in, 4 * 1024 * 1024);
    buf_init(&f.out, 4 * 1024 * 1024);
    code = behave(&f, mode);
    flush(&f);
    buf_done(&f.in);
    buf_done(&f.out);
    return code;
}
