/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mail_alert.h"

#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/mail_page.h"
#include "common/mail_words.h"
#include "common/str.h"
#include "common/utf8.h"
#include "common/vtime.h"

enum { LINE_MAX_BYTES = 4096 };

void
mail_text_done(struct mail_text *m)
{
    free(m->subject);
    free(m->text);
    free(m->html);
    *m = (struct mail_text){0};
}

/* Takes the page's parts and the subject into *out. */
static enum vg_err
finish(struct mail_page *p, struct buf *subject, struct mail_text *out)
{
    struct mail_text made = {0};
    const char *s = buf_str(subject), *text = buf_str(&p->text), *html = buf_str(&p->html);
    enum vg_err err = VG_ERR_LIMIT;

    if (s != NULL && text != NULL && html != NULL) {
        made.subject = strdup(s);
        made.text = strdup(text);
        made.html = strdup(html);
        err = made.subject != NULL && made.text != NULL && made.html != NULL ? VG_OK : VG_ERR_NOMEM;
    }
    if (err == VG_OK)
        *out = made;
    else
        mail_text_done(&made);
    mail_page_done(p);
    buf_done(subject);
    return err;
}

/* The shop's own name is the provider's to choose, yet it stands in a header too. */
static void
put_shop(struct buf *out, const struct mail_reader *reader)
{
    const char *shop = reader->view.shop != NULL ? reader->view.shop : "";

    utf8_put_line(out, slice_of(shop, strnlen(shop, 120)));
}

static const char *
time_text(struct buf *b, int64_t t_ns, const struct mail_reader *reader)
{
    const char *text;

    buf_clear(b);
    texts_put_time(b, t_ns, &reader->view);
    text = buf_str(b);
    return text != NULL ? text : "";
}

/* Instants as the shop's clock shows them, all else as it is. */
static void
put_value(struct buf *out, const json_t *v, const struct mail_reader *reader)
{
    const char *text = json_string_value(v);
    int64_t t_ns;

    if (text == NULL)
        vg_json_write(v, out);
    else if (vtime_parse(text, strlen(text), &t_ns) == VG_OK)
        texts_put_time(out, t_ns, &reader->view);
    else
        buf_put_str(out, text);
}

/* {"a": 1, "b": "x"} as "a 1, b x". */
static void
put_pairs(struct buf *out, const json_t *map, const struct mail_reader *reader)
{
    const char *key;
    json_t *value;
    bool first = true;

    if (!json_is_object(map)) {
        put_value(out, map, reader);
        return;
    }
    json_object_foreach((json_t *)map, key, value)
    {
        buf_printf(out, "%s%s ", first ? "" : ", ", key);
        put_value(out, value, reader);
        first = false;
    }
}

static void
row(struct mail_page *p, struct buf *line, const char *key)
{
    const char *text = buf_str(line);

    if (text != NULL && text[0] != '\0')
        mail_page_row(p, key, text);
    buf_clear(line);
}

static void
rows_of_event(struct mail_page *p, struct buf *line, const struct mail_words *w,
              const struct mail_reader *reader, const json_t *event)
{
    const json_t *evidence = json_object_get(event, "evidence");
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach(json_object_get(event, "facts"), key, value)
    {
        put_value(line, value, reader);
        row(p, line, key);
    }
    for (i = 0; i < json_array_size(evidence) && i < MAIL_EVIDENCE_SHOWN; i++) {
        put_pairs(line, json_array_get(evidence, i), reader);
        row(p, line, w->evidence);
    }
}

static void
row_party(struct mail_page *p, struct buf *line, const char *key, const json_t *party)
{
    const char *id = vg_json_str(party, "id", ""), *label = vg_json_str(party, "label", id);

    if (label[0] == '\0')
        return;
    buf_put_str(line, label);
    if (strcmp(id, label) != 0)
        buf_printf(line, " (%s)", id);
    row(p, line, key);
}

static void
put_details(struct mail_page *p, const struct mail_words *w, const struct mail_reader *reader,
            const struct mail_alert *a, const json_t *event)
{
    struct buf line;
    const json_t *attack = json_object_get(event, "attack");
    size_t i;

    buf_init(&line, LINE_MAX_BYTES);
    mail_page_details(p, w->details);
    mail_page_row(p, w->detector, vg_json_str(event, "detector", "?"));
    row_party(p, &line, w->about, json_object_get(event, "subject"));
    row_party(p, &line, w->with, json_object_get(event, "peer"));
    mail_page_row(p, w->first, time_text(&line, a->first_ns, reader));
    mail_page_row(p, w->last, time_text(&line, a->last_ns, reader));
    buf_clear(&line);
    if (a->count > 1) {
        texts_put_count(&line, a->count, w->code);
        row(p, &line, w->times);
    }
    if (a->agents > 1) {
        texts_put_count(&line, a->agents, w->code);
        row(p, &line, w->seen_by);
    }
    rows_of_event(p, &line, w, reader, event);
    for (i = 0; i < json_array_size(attack); i++) {
        buf_put_str(&line, i > 0 ? ", " : "");
        put_value(&line, json_array_get(attack, i), reader);
    }
    row(p, &line, w->attack);
    mail_page_row(p, w->incident, a->incident);
    if (reader->dashboard != NULL)
        mail_page_row(p, w->dashboard, reader->dashboard);
    buf_done(&line);
}

static void
put_call(struct mail_page *p, const struct mail_words *w, const struct mail_reader *reader)
{
    struct buf line;
    const char *text;

    buf_init(&line, LINE_MAX_BYTES);
    if (reader->help_name != NULL && reader->help_name[0] != '\0') {
        buf_put_str(&line, reader->help_name);
        if (reader->help_phone != NULL && reader->help_phone[0] != '\0')
            buf_printf(&line, ", %s", reader->help_phone);
    }
    text = buf_str(&line);
    mail_page_block(p, w->call, text != NULL && text[0] != '\0' ? text : w->call_unknown);
    buf_done(&line);
}

enum vg_err
mail_alert_render(const struct texts *texts, const struct mail_reader *reader,
                  const struct mail_alert *a, struct mail_text *out)
{
    const struct mail_words *w = mail_words_of(&reader->view);
    json_t *event = mail_harmless(a->event);
    struct text_message m;
    struct mail_page p;
    struct buf shop, when, badge, subject;
    enum vg_err err;

    if (event == NULL)
        return VG_ERR_NOMEM;
    err = texts_render(texts, event, &reader->view, &m);
    if (err != VG_OK) {
        json_decref(event);
        return err;
    }
    buf_init(&shop, LINE_MAX_BYTES);
    buf_init(&when, LINE_MAX_BYTES);
    buf_init(&badge, LINE_MAX_BYTES);
    buf_init(&subject, LINE_MAX_BYTES);
    put_shop(&shop, reader);
    buf_printf(&subject, "[%s] ", buf_str(&shop));
    if (a->update)
        buf_printf(&subject, "%s: ", w->worse);
    buf_printf(&subject, "%s: %s", m.title, w->urgency[a->severity]);

    mail_page_begin(&p, w->code, buf_str(&shop), m.brief);
    buf_printf(&badge, "%s: %s", w->severity[a->severity], w->urgency[a->severity]);
    mail_page_badge(&p, a->severity, buf_str(&badge), time_text(&when, a->last_ns, reader));
    mail_page_title(&p, m.title);
    mail_page_block(&p, w->what, m.what);
    mail_page_block(&p, w->why, m.why);
    mail_page_box(&p, w->now, m.what_to_do);
    put_call(&p, w, reader);
    put_details(&p, w, reader, a, event);
    mail_page_end(&p, w->footer);
    err = finish(&p, &subject, out);
    buf_done(&shop);
    buf_done(&when);
    buf_done(&badge);
    texts_message_done(&m);
    json_decref(event);
    return err;
}

/* One line of a list: when, how grave, what. */
static enum vg_err
put_item(struct mail_page *p, const struct texts *texts, const struct mail_words *w,
         const struct mail_reader *reader, const struct mail_alert *a)
{
    json_t *event = mail_harmless(a->event);
    struct text_message m;
    struct buf key;
    enum vg_err err;

    if (event == NULL)
        return VG_ERR_NOMEM;
    err = texts_render(texts, event, &reader->view, &m);
    if (err == VG_OK) {
        buf_init(&key, LINE_MAX_BYTES);
        texts_put_time(&key, a->last_ns, &reader->view);
        buf_printf(&key, " · %s", w->severity[a->severity]);
        mail_page_row(p, buf_str(&key) != NULL ? buf_str(&key) : "", m.brief);
        buf_done(&key);
        texts_message_done(&m);
    }
    json_decref(event);
    return err;
}

enum vg_err
mail_list_render(const struct texts *texts, const struct mail_reader *reader,
                 enum mail_list_kind kind, const struct mail_alert *alerts, size_t count,
                 int64_t more, struct mail_text *out)
{
    const struct mail_words *w = mail_words_of(&reader->view);
    const char *titles[] = {w->late_title, w->cap_title, w->full_title};
    const char *reasons[] = {w->late_why, w->cap_why, w->full_why};
    struct mail_page p;
    struct buf shop, subject, line;
    enum vg_err err = VG_OK;
    size_t i;

    if (count > MAIL_LIST_SHOWN) {
        more += (int64_t)(count - MAIL_LIST_SHOWN);
        count = MAIL_LIST_SHOWN;
    }
    buf_init(&shop, LINE_MAX_BYTES);
    buf_init(&subject, LINE_MAX_BYTES);
    buf_init(&line, LINE_MAX_BYTES);
    put_shop(&shop, reader);
    buf_printf(&subject, "[%s] %s", buf_str(&shop), titles[kind]);
    mail_page_begin(&p, w->code, buf_str(&shop), reasons[kind]);
    mail_page_title(&p, titles[kind]);
    mail_page_plain(&p, reasons[kind]);
    put_call(&p, w, reader);
    mail_page_details(&p, w->list);
    for (i = 0; err == VG_OK && i < count; i++)
        err = put_item(&p, texts, w, reader, &alerts[i]);
    if (more > 0) {
        texts_put_count(&line, more, w->code);
        buf_printf(&line, " %s", w->more);
        row(&p, &line, "…");
    }
    if (reader->dashboard != NULL)
        mail_page_row(&p, w->dashboard, reader->dashboard);
    mail_page_end(&p, w->footer);
    if (err == VG_OK)
        err = finish(&p, &subject, out);
    else {
        mail_page_done(&p);
        buf_done(&subject);
    }
    buf_done(&shop);
    buf_done(&line);
    return err;
}
