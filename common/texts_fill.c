/* SPDX-License-Identifier: Apache-2.0 */
#include "common/texts_fill.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/event.h"
#include "common/str.h"
#include "common/vtime.h"

struct filler {
    const json_t *event, *facts, *words;
    const struct text_view *view;
    struct buf *out;
};

static json_t *
party_label(const struct filler *f, const char *side)
{
    return json_object_get(json_object_get(f->event, side), "label");
}

/* The value behind a placeholder's name, borrowed; NULL when there is none. */
static const json_t *
value_of(const struct filler *f, const char *name)
{
    static const char *const own[] = {"time", "first", "last", "count", "severity"};
    const json_t *fact = json_object_get(f->facts, name);

    if (fact != NULL)
        return fact;
    if (strcmp(name, "subject") == 0 || strcmp(name, "peer") == 0)
        return party_label(f, name);
    for (size_t i = 0; i < VG_ARRAY_LEN(own); i++)
        if (strcmp(name, own[i]) == 0)
            return json_object_get(f->event, name);
    return NULL;
}

static void
put_text(struct filler *f, const json_t *v)
{
    if (json_is_string(v))
        buf_put(f->out, json_string_value(v), json_string_length(v));
    else if (json_is_integer(v))
        texts_put_count(f->out, (int64_t)json_integer_value(v), f->view->language);
    else if (json_is_real(v))
        buf_printf(f->out, "%.3g", json_real_value(v));
    else if (json_is_boolean(v))
        buf_put_str(f->out, json_is_true(v) ? "true" : "false");
    else
        buf_put_u8(f->out, '?');
}

static void
put_country(struct filler *f, const json_t *v)
{
    texts_put_country(f->out, json_is_string(v) ? json_string_value(v) : "", f->view->language);
}

/* A text that may be "": the owner of a network that no database knows. */
static void
put_known(struct filler *f, const json_t *v)
{
    bool es = f->view->language != NULL && strncmp(f->view->language, "es", 2) == 0;

    if (json_is_string(v) && json_string_length(v) == 0)
        buf_put_str(f->out, es ? "dueño desconocido" : "unknown owner");
    else
        put_text(f, v);
}

/* A name without a word is better than nothing. */
static void
put_word(struct filler *f, const json_t *v)
{
    const json_t *word = json_is_string(v) ? json_object_get(f->words, json_string_value(v)) : NULL;

    put_text(f, word != NULL ? word : v);
}

static void
put_list(struct filler *f, const json_t *v, void (*put)(struct filler *f, const json_t *v))
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i > 0)
            buf_put_str(f->out, ", ");
        put(f, json_array_get(v, i));
    }
}

static void
put_instant(struct filler *f, const json_t *v)
{
    int64_t t;

    if (json_is_string(v) && vtime_parse(json_string_value(v), json_string_length(v), &t) == VG_OK)
        texts_put_time(f->out, t, f->view);
    else
        put_text(f, v);
}

static void
put_percent(struct filler *f, double share)
{
    buf_printf(f->out, share > 0 && share < 0.1 ? "%.1f %%" : "%.0f %%", 100 * share);
}

static void
put_form(struct filler *f, const json_t *v, const char *form)
{
    double number = json_number_value(v);
    const char *language = f->view->language;
    void (*put)(struct filler * f, const json_t *v) = strcmp(form, "country") == 0 ? put_country
                                                      : strcmp(form, "known") == 0 ? put_known
                                                      : strcmp(form, "words") == 0 ? put_word
                                                                                   : put_text;

    if (strcmp(form, "time") == 0)
        put_instant(f, v);
    else if (json_is_array(v))
        put_list(f, v, put);
    else if (put != put_text)
        put(f, v);
    else if (!json_is_number(v))
        put_text(f, v);
    else if (strcmp(form, "bytes") == 0)
        texts_put_bytes(f->out, (int64_t)number, language);
    else if (strcmp(form, "money") == 0)
        texts_put_money(f->out, (int64_t)llround(number), vg_json_str(f->facts, "currency", ""),
                        language);
    else if (strcmp(form, "count") == 0)
        texts_put_count(f->out, (int64_t)llround(number), language);
    else if (strcmp(form, "duration") == 0)
        texts_put_duration(f->out, number, language);
    else if (strcmp(form, "percent") == 0)
        put_percent(f, number);
    else
        put_text(f, v);
}

/* `inner` is what stands between the braces: "name" or "name|form". */
static void
put_placeholder(struct filler *f, struct str inner)
{
    const char *bar = memchr(inner.at, '|', inner.len);
    size_t name_len = bar != NULL ? (size_t)(bar - inner.at) : inner.len;
    char name[64], form[16] = "text";
    const json_t *v;

    if (name_len >= sizeof name || inner.len - name_len > sizeof form) {
        buf_put_u8(f->out, '?');
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)name_len, inner.at);
    if (bar != NULL)
        (void)snprintf(form, sizeof form, "%.*s", (int)(inner.len - name_len - 1), bar + 1);
    if (strcmp(name, "shop") == 0) {
        buf_put_str(f->out, f->view->shop != NULL ? f->view->shop : "?");
        return;
    }
    v = value_of(f, name);
    if (v == NULL || json_is_null(v))
        buf_put_u8(f->out, '?');
    else if (strcmp(name, "time") == 0 || strcmp(name, "first") == 0 || strcmp(name, "last") == 0)
        put_instant(f, v);
    else
        put_form(f, v, form);
}

char *
texts_fill(const char *pattern, const json_t *event, const json_t *words,
           const struct text_view *view)
{
    struct buf out;
    struct filler f = {event, json_object_get(event, "facts"), words, view, &out};
    const char *text;
    char *made;

    buf_init(&out, TEXTS_FILLED_MAX);
    for (const char *at = pattern; *at != '\0';) {
        const char *open = strchr(at, '{');
        const char *close = open != NULL ? strchr(open, '}') : NULL;

        if (close == NULL) {
            buf_put_str(&out, at);
            break;
        }
        buf_put(&out, at, (size_t)(open - at));
        put_placeholder(&f, str_n(open + 1, (size_t)(close - open - 1)));
        at = close + 1;
    }
    /* Too long: what fits is better than nothing for a person. */
    out.bad = false;
    text = buf_str(&out);
    made = text != NULL ? strdup(text) : NULL;
    buf_done(&out);
    return made;
}
