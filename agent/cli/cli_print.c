/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts for people on a terminal. Labels and facts come from packets and logs: every byte of them
 * passes cli_put_safe(), so that no one who sends a packet writes on the technician's screen. */
#include <stdlib.h>
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/platform/platform.h"
#include "common/texts.h"
#include "common/vtime.h"

struct words {
    const char *severity[5];
    const char *what, *why, *what_to_do, *facts, *evidence, *incident, *recorded;
};

static const struct words WORDS_EN = {
    {"INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"},
    "What happened",
    "Why it matters",
    "What to do now",
    "Facts",
    "Evidence",
    "Incident",
    "Recorded",
};
static const struct words WORDS_ES = {
    {"INFO", "BAJA", "MEDIA", "ALTA", "CRÍTICA"},
    "Qué pasó",
    "Por qué importa",
    "Qué hacer ahora",
    "Datos",
    "Evidencia",
    "Incidente",
    "Registrado",
};

static const char *const COLOURS[5] = {"\033[2m", "\033[36m", "\033[33m", "\033[31m", "\033[1;31m"};

static const struct words *
words_of(const struct text_view *view)
{
    return view->language != NULL && strncmp(view->language, "es", 2) == 0 ? &WORDS_ES : &WORDS_EN;
}

/* How many bytes of UTF-8 at `p` are a control or direction mark; 0: none. */
static size_t
unsafe_len(const unsigned char *p)
{
    if ((p[0] < 0x20 && p[0] != '\n') || p[0] == 0x7f)
        return 1;
    if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
        return 2;
    if (p[0] == 0xe2 && p[1] == 0x80 &&
        (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae)))
        return 3;
    if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
        return 3;
    return 0;
}

void
cli_put_safe(FILE *to, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        size_t n = unsafe_len(p);

        if (n > 0 || *p == '\n') {
            fputc(n > 0 ? '?' : ' ', to);
            p += n > 0 ? n : 1;
        } else {
            fputc(*p++, to);
        }
    }
}

bool
cli_colour(FILE *to)
{
    const char *no = getenv("NO_COLOR");

    if (no != NULL && no[0] != '\0')
        return false;
    return (to == stdout && platform_terminal(1)) || (to == stderr && platform_terminal(2));
}

static enum severity
severity_of(const json_t *event)
{
    enum severity severity;

    if (severity_parse(vg_json_str(event, "severity", "info"), &severity) != VG_OK)
        return SEVERITY_INFO;
    return severity;
}

static void
put_time(FILE *to, const char *text, const struct text_view *view)
{
    struct buf out;
    const char *shown;
    int64_t t;

    if (vtime_parse(text, strlen(text), &t) != VG_OK) {
        cli_put_safe(to, text);
        return;
    }
    buf_init(&out, 256);
    texts_put_time(&out, t, view);
    shown = buf_str(&out);
    fputs(shown != NULL ? shown : text, to);
    buf_done(&out);
}

static void
put_head(FILE *to, const json_t *event, const char *title, const struct text_view *view)
{
    enum severity severity = severity_of(event);
    bool colour = cli_colour(to);
    const char *id = vg_json_str(event, "id", "");

    if (colour)
        fputs(COLOURS[severity], to);
    fputs(words_of(view)->severity[severity], to);
    if (colour)
        fputs("\033[0m", to);
    fputs("  ", to);
    put_time(to, vg_json_str(event, "time", ""), view);
    fputs("  ", to);
    if (colour)
        fputs("\033[1m", to);
    cli_put_safe(to, title);
    if (colour)
        fputs("\033[0m", to);
    fputc('\n', to);
    if (id[0] != '\0') {
        fputs("    ", to);
        cli_put_safe(to, id);
        fputs("  ", to);
        cli_put_safe(to, vg_json_str(event, "detector", "?"));
        fputc('\n', to);
    }
}

static void
put_line(FILE *to, const char *indent, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fputs(indent, to);
    cli_put_safe(to, text);
    fputc('\n', to);
}

/* A health event has no texts of its own: its facts say it. */
static void
put_plain(FILE *to, const json_t *event, const struct text_view *view)
{
    char *facts = vg_json_text(json_object_get(event, "facts"));

    put_head(to, event, vg_json_str(event, "detector", "?"), view);
    put_line(to, "    ", facts);
    free(facts);
}

void
cli_print_alert(FILE *to, const json_t *event, const struct texts *texts,
                const struct text_view *view)
{
    struct text_message m;

    if (strcmp(vg_json_str(event, "class", ""), "health") == 0 || texts == NULL ||
        texts_render(texts, event, view, &m) != VG_OK) {
        put_plain(to, event, view);
        return;
    }
    put_head(to, event, m.title, view);
    put_line(to, "    ", m.brief);
    texts_message_done(&m);
}

static void
put_part(FILE *to, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(to, "\n%s\n", name);
    put_line(to, "    ", text);
}

static void
put_facts(FILE *to, const json_t *event, const char *name)
{
    json_t *facts = json_object_get(event, "facts"), *value;
    const char *key;

    if (json_object_size(facts) == 0)
        return;
    fprintf(to, "\n%s\n", name);
    json_object_foreach(facts, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        fputs("    ", to);
        cli_put_safe(to, key);
        fputs(": ", to);
        cli_put_safe(to, json_is_string(value) ? json_string_value(value)
                         : text != NULL        ? text
                                               : "?");
        fputc('\n', to);
        free(text);
    }
}

static void
put_evidence(FILE *to, const json_t *event, const char *name)
{
    const json_t *evidence = json_object_get(event, "evidence");
    const json_t *item;
    size_t i;

    if (json_array_size(evidence) == 0)
        return;
    fprintf(to, "\n%s\n", name);
    json_array_foreach(evidence, i, item)
    {
        char *text = json_dumps(item, JSON_ENCODE_ANY | JSON_COMPACT);

        put_line(to, "    ", text);
        free(text);
    }
}

void
cli_print_detail(FILE *to, const json_t *event, const struct texts *texts,
                 const struct text_view *view)
{
    const struct words *w = words_of(view);
    struct text_message m;

    if (texts != NULL && texts_render(texts, event, view, &m) == VG_OK) {
        put_head(to, event, m.title, view);
        put_part(to, w->what, m.what);
        put_part(to, w->why, m.why);
        put_part(to, w->what_to_do, m.what_to_do);
        texts_message_done(&m);
    } else {
        put_head(to, event, vg_json_str(event, "detector", "?"), view);
    }
    put_facts(to, event, w->facts);
    put_evidence(to, event, w->evidence);
    fprintf(to, "\n%s: ", w->recorded);
    put_time(to, vg_json_str(event, "recorded", "-"), view);
    if (vg_json_str(event, "incident", NULL) != NULL) {
        fprintf(to, "\n%s: ", w->incident);
        cli_put_safe(to, vg_json_str(event, "incident", ""));
    }
    fputc('\n', to);
}
