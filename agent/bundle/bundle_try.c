/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bundle/bundle_try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/vtime.h"

struct bundle_try {
    struct platform_child child;
    struct buf out, in;
    int64_t until_ns;   /* monotonic */
    bool started, gone; /* gone: its stream has ended */
};

static json_t *
line_of(const struct bundle_try_wish *w)
{
    uint8_t keys[BUNDLE_KEYS_MAX][BUNDLE_KEY];
    char hex[2 * BUNDLE_KEY + 1];
    size_t count = bundle_keys(w->config, keys);
    json_t *list = json_array(), *config = agent_config_for_worker(w->config);

    for (size_t i = 0; i < count; i++) {
        hex_put(keys[i], BUNDLE_KEY, hex);
        (void)json_array_append_new(list, json_string(hex));
    }
    /* It is put over the program's own rules, not over those of the bundle before. */
    if (config != NULL)
        (void)json_object_set_new(config, "rules", json_string(w->config->rules_base));
    return json_pack("{so ss so sI sI sI sb}", "config", config, "path", w->path, "keys", list,
                     "highest", (json_int_t)w->state->highest, "again",
                     (json_int_t)(w->again ? w->state->now.version : 0), "now",
                     (json_int_t)w->now_ns, "sandbox", w->sandbox);
}

enum vg_err
bundle_try_start(const struct bundle_try_wish *w, struct bundle_try **out)
{
    const char *argv[] = {w->program, "--worker", "trial", NULL};
    struct bundle_try *t;
    json_t *line;
    enum vg_err err = VG_ERR_NOMEM;

    if (w->config->rules_base == NULL)
        return VG_ERR_CONFIG;
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return VG_ERR_NOMEM;
    buf_init(&t->out, BUNDLE_TRY_LINE_MAX);
    buf_init(&t->in, BUNDLE_TRY_LINE_MAX);
    line = line_of(w);
    if (line != NULL) {
        vg_json_write(line, &t->out);
        buf_put_u8(&t->out, '\n');
    }
    json_decref(line);
    if (line != NULL && !t->out.bad)
        err = platform_child_start(argv, 0, NULL, &t->child);
    if (err != VG_OK) {
        bundle_try_free(t);
        return err;
    }
    t->started = true;
    t->until_ns = platform_clock_monotonic() + BUNDLE_TRY_NS;
    *out = t;
    return VG_OK;
}

static void
move_bytes(struct bundle_try *t)
{
    uint8_t piece[4096];
    size_t n = 0;
    enum vg_err err = VG_OK;

    while (t->out.len > 0 && err == VG_OK) {
        err =
            platform_stream_write(t->child.stream, t->out.data, t->out.len, &n, PLATFORM_NO_HANDLE);
        if (err == VG_OK)
            buf_consume(&t->out, n);
    }
    err = VG_OK;
    while (!t->gone && err == VG_OK) {
        err = platform_stream_read(t->child.stream, piece, sizeof piece, &n, NULL);
        if (err == VG_OK)
            buf_put(&t->in, piece, n);
        else if (err != VG_AGAIN)
            t->gone = true;
    }
}

/* The words of a child that may have been taken over by a rule: taken for no more than they are. */
static enum vg_err
read_verdict(const struct bundle_try *t, struct bundle_verdict *v)
{
    const uint8_t *end = t->in.len > 0 ? memchr(t->in.data, '\n', t->in.len) : NULL;
    struct bundle_entry *e = &v->entry;
    json_t *o = NULL;
    enum vg_err err = VG_ERR_SHORT;

    if (end != NULL)
        err = vg_json_parse(slice_of(t->in.data, (size_t)(end - t->in.data)), BUNDLE_TRY_LINE_MAX,
                            &o);
    if (err != VG_OK)
        return err;
    *v = (struct bundle_verdict){.good = vg_json_bool(o, "good", false),
                                 .files = vg_json_int(o, "files", 0),
                                 .samples = vg_json_int(o, "samples", 0)};
    e->version = vg_json_int(o, "version", 0);
    e->expires_ns = vg_json_int(o, "expires", 0);
    if (e->version < 0 || e->version > BUNDLE_VERSION_MAX ||
        !vg_strcpy(e->sha256, sizeof e->sha256, vg_json_str(o, "sha256", "")) ||
        !vg_strcpy(e->folder, sizeof e->folder, vg_json_str(o, "folder", "")) ||
        !vg_strcpy(e->base, sizeof e->base, vg_json_str(o, "base", "")) ||
        strspn(e->folder, "0123456789abcdef-") != strlen(e->folder))
        err = VG_ERR_FORMAT;
    if (v->good && (e->folder[0] == '\0' || e->version == 0))
        err = VG_ERR_FORMAT;
    (void)vg_strcpy(v->error.word, sizeof v->error.word, vg_json_str(o, "word", "trial"));
    (void)vg_strcpy(v->error.why, sizeof v->error.why, vg_json_str(o, "why", ""));
    json_decref(o);
    return err;
}

enum vg_err
bundle_try_poll(struct bundle_try *t, struct bundle_verdict *out)
{
    bool late = platform_clock_monotonic() >= t->until_ns;
    int status = 0;
    enum vg_err err;

    move_bytes(t);
    if (t->child.pid > 0 && late)
        platform_child_kill(&t->child);
    err = platform_child_wait(&t->child, &status);
    if (err == VG_AGAIN)
        return VG_AGAIN;
    move_bytes(t); /* what it said last */
    if (read_verdict(t, out) == VG_OK && status == VG_EXIT_DONE)
        return VG_OK;
    *out = (struct bundle_verdict){.good = false};
    if (late)
        (void)bundle_refuse(&out->error, VG_OK, "busy", "the trial took more than %lld s",
                            (long long)(BUNDLE_TRY_NS / VG_SEC_NS));
    else if (status > 128)
        (void)bundle_refuse(&out->error, VG_OK, "trial", "the trial ended by signal %d",
                            status - 128);
    else
        (void)bundle_refuse(&out->error, VG_OK, "trial", "the trial ended with code %d", status);
    return VG_OK;
}

void
bundle_try_free(struct bundle_try *t)
{
    int status;

    if (t == NULL)
        return;
    if (t->child.pid > 0) {
        platform_child_kill(&t->child);
        (void)!platform_child_wait(&t->child, &status);
    }
    if (t->started)
        platform_stream_close(t->child.stream);
    buf_done(&t->out);
    buf_done(&t->in);
    free(t);
}
