/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the host worker, one at a time. When it dies, the question is asked again of the
 * next one: the sensor that waits for the answer does not notice. */
#include <string.h>

#include "agent/keeper/supervisor_worker.h"
#include "common/hex.h"

json_t *
supervisor_open_question(const char *path)
{
    struct buf digits;
    const char *text;
    json_t *question = NULL;

    buf_init(&digits, 2 * SUPERVISOR_PATH_MAX + 1);
    hex_append(path, strlen(path), &digits);
    text = buf_str(&digits);
    if (text != NULL)
        question = json_pack("{s:s, s:s}", "what", "open", "path", text);
    buf_done(&digits);
    return question;
}

static bool
only(const char *text, const char *letters, size_t least, size_t most)
{
    size_t len = strlen(text);

    return len >= least && len <= most && strspn(text, letters) == len;
}

json_t *
supervisor_move_question(const struct agent_config *config, const json_t *asked)
{
    static const char hex[] = "0123456789abcdef";
    static const char *const numbers[] = {"volume",   "file",    "size",
                                          "modified", "changed", "severity"};
    const char *id = vg_json_str(asked, "id", ""), *digits = vg_json_str(asked, "path", "");
    const char *sha256 = vg_json_str(asked, "sha256", ""), *rule = vg_json_str(asked, "rule", "");
    char path[SUPERVISOR_PATH_MAX + 1];
    json_t *question;

    if (strcmp(vg_json_str(asked, "what", ""), "writer") == 0)
        return json_pack("{s:s, s:I, s:I}", "what", "writer", "volume",
                         (json_int_t)vg_json_int(asked, "volume", 0), "file",
                         (json_int_t)vg_json_int(asked, "file", 0));
    if (!config->scan.quarantine)
        return NULL;
    if (strcmp(vg_json_str(asked, "what", ""), "take") == 0)
        return only(id, hex, 8, 8) ? json_pack("{s:s, s:s}", "what", "take", "id", id) : NULL;
    if (strcmp(vg_json_str(asked, "what", ""), "seal") != 0 || !only(sha256, hex, 64, 64) ||
        strlen(rule) > 63 || hex_text(digits, path, sizeof path) != VG_OK ||
        !agent_config_is_file(config, path))
        return NULL;
    question = json_pack("{s:s, s:s, s:s, s:s}", "what", "seal", "path", digits, "sha256", sha256,
                         "rule", rule);
    for (size_t i = 0; i < VG_ARRAY_LEN(numbers); i++)
        (void)json_object_set_new(question, numbers[i],
                                  json_integer(vg_json_int(asked, numbers[i], 0)));
    return question;
}

static void
forget_question(struct question *q)
{
    json_decref(q->text);
    *q = (struct question){0};
}

static void
send_question(struct supervisor *s, struct supervised *w)
{
    struct supervised *host = &s->worker[0];
    size_t mark = frame_begin(&host->out, FRAME_ASK);

    s->asking = w;
    w->question.asked = true;
    buf_put_be32(&host->out, ++s->ask_number);
    vg_json_write(w->question.text, &host->out);
    frame_end(&host->out, mark);
    supervised_send(host);
}

void
supervisor_ask_next(struct supervisor *s)
{
    if (s->asking != NULL || s->worker[0].life != LIFE_LIVE)
        return;
    for (size_t i = 1; i < SUPERVISOR_WORKERS; i++)
        if (s->worker[i].question.waiting && !s->worker[i].question.asked) {
            send_question(s, &s->worker[i]);
            return;
        }
}

enum vg_err
supervisor_ask(struct supervised *w, uint32_t number, json_t *text, enum question_kind kind)
{
    if (text == NULL)
        return VG_ERR_NOMEM;
    if (w->question.waiting) { /* one at a time: it waits for each answer */
        json_decref(text);
        return VG_ERR_DENIED;
    }
    w->question = (struct question){.waiting = true, .kind = kind, .number = number, .text = text};
    supervisor_ask_next(w->s);
    return VG_OK;
}

static void
pass_answer(struct supervised *w, uint32_t err, platform_file file)
{
    struct buf answer;

    if (err == VG_OK && file == PLATFORM_NO_HANDLE)
        err = VG_ERR_SYS;
    if (err != VG_OK && file != PLATFORM_NO_HANDLE) {
        platform_file_close(file);
        file = PLATFORM_NO_HANDLE;
    }
    buf_init(&answer, 8);
    buf_put_be32(&answer, w->question.number);
    buf_put_be32(&answer, err);
    forget_question(&w->question);
    if (file != PLATFORM_NO_HANDLE)
        supervised_send_file(w, FRAME_HANDLE, buf_slice(&answer), file);
    else
        supervised_send_frame(w, FRAME_HANDLE, buf_slice(&answer));
    buf_done(&answer);
}

/* What the sensor is told: these fields alone, of these sizes. */
static void
pass_owner(struct supervised *w, uint32_t err, const json_t *told)
{
    static const char *const fields[] = {"name", "path", "user", "sha256"};
    struct buf answer;

    buf_init(&answer, 8192);
    buf_put_be32(&answer, w->question.number);
    buf_put_be32(&answer, err);
    buf_put_u8(&answer, '{');
    for (size_t i = 0; i < VG_ARRAY_LEN(fields) && err == VG_OK; i++) {
        const char *text = vg_json_str(told, fields[i], "");

        vg_json_put_str(&answer, fields[i], text, strnlen(text, 512));
    }
    if (err == VG_OK)
        vg_json_put_int(&answer, "file", vg_json_int(told, "file", 0));
    buf_put_u8(&answer, '}');
    forget_question(&w->question);
    if (answer.bad)
        supervised_end(w, "no memory for an answer to it");
    else
        supervised_send_frame(w, FRAME_OWNER, buf_slice(&answer));
    buf_done(&answer);
}

/* These fields alone, of these sizes. */
static void
pass_moved(struct supervised *w, uint32_t err, const json_t *told)
{
    static const char *const fields[] = {"outcome", "id", "program", "program_path"};
    struct buf answer;

    buf_init(&answer, 4096);
    buf_put_be32(&answer, w->question.number);
    buf_put_be32(&answer, err);
    buf_put_u8(&answer, '{');
    for (size_t i = 0; i < VG_ARRAY_LEN(fields); i++) {
        const char *text = vg_json_str(told, fields[i], "");

        vg_json_put_str(&answer, fields[i], text, strnlen(text, 256));
    }
    buf_put_u8(&answer, '}');
    forget_question(&w->question);
    if (answer.bad)
        supervised_end(w, "no memory for an answer to it");
    else
        supervised_send_frame(w, FRAME_MOVED, buf_slice(&answer));
    buf_done(&answer);
}

enum vg_err
supervisor_answered(struct supervised *host, struct slice payload)
{
    struct supervisor *s = host->s;
    uint32_t number = slice_be32(&payload), err = slice_be32(&payload);
    struct supervised *w = s->asking;
    platform_file file = s->answer_file;
    json_t *checked;
    enum vg_err parsed = vg_json_parse(payload, payload.left, &checked);

    if (parsed != VG_OK)
        return parsed;
    if (payload.bad || number != s->ask_number || number == 0) {
        json_decref(checked);
        return VG_ERR_DENIED;
    }
    err = err <= VG_ERR_SYS ? err : VG_ERR_SYS;
    s->ask_number = number; /* a second answer to it finds nobody asking */
    s->answer_file = PLATFORM_NO_HANDLE;
    s->asking = NULL;
    if (w != NULL && w->question.asked && w->question.kind == QUESTION_FILE) {
        pass_answer(w, err, file);
    } else {
        if (file != PLATFORM_NO_HANDLE)
            platform_file_close(file);
        if (w != NULL && w->question.asked && w->question.kind == QUESTION_OWNER)
            pass_owner(w, err, checked);
        else if (w != NULL && w->question.asked)
            pass_moved(w, err, checked);
    }
    json_decref(checked);
    supervisor_ask_next(s);
    return VG_OK;
}

void
supervisor_ask_forget(struct supervised *w)
{
    struct supervisor *s = w->s;

    if (w == &s->worker[0]) {
        if (s->answer_file != PLATFORM_NO_HANDLE)
            platform_file_close(s->answer_file);
        s->answer_file = PLATFORM_NO_HANDLE;
        if (s->asking != NULL)
            s->asking->question.asked = false;
        s->asking = NULL;
        return;
    }
    forget_question(&w->question);
    /* An answer that is still to come finds no question and is put away. */
}
