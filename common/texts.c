/* SPDX-License-Identifier: Apache-2.0 */
#include "common/texts.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/beside.h"
#include "common/event.h"
#include "common/texts_fill.h"
#include "common/vtime.h"

enum { TEXTS_MAX = 200 };

struct texts {
    size_t count;
    const char *names[TEXTS_MAX + 1]; /* borrowed from the trees, sorted, NULL-ended */
    json_t *trees[TEXTS_MAX];         /* in the order of names */
};

static const char *const SEVERITY_WORDS[] = {"info", "low", "medium", "high", "critical", NULL};
static const struct conf_field ANY_VALUE = {.type = CONF_ANY};
static const struct conf_field ATTACK_ID = {
    .type = CONF_TEXT, .min = 5, .max = 9, .example = "attack: [T1046]"};
static const struct conf_field FACT_TEXT = {.type = CONF_TEXT, .min = 1, .max = 200};
static const struct conf_field MESSAGE[] = {
    {.key = "title",
     .type = CONF_TEXT,
     .required = true,
     .min = 1,
     .max = 80,
     .example = "title: Alguien revisa tus equipos"},
    {.key = "short", .type = CONF_TEXT, .required = true, .min = 1, .max = 160},
    {.key = "what", .type = CONF_TEXT, .required = true, .min = 1, .max = 1000},
    {.key = "why", .type = CONF_TEXT, .required = true, .min = 1, .max = 1000},
    {.key = "do", .type = CONF_TEXT, .required = true, .min = 1, .max = 1000},
    {0},
};
static const struct conf_field LANGUAGES[] = {
    {.key = "es", .type = CONF_MAP, .fields = MESSAGE, .required = true},
    {.key = "en", .type = CONF_MAP, .fields = MESSAGE, .required = true},
    {0},
};
static const struct conf_field WORD = {.type = CONF_TEXT, .min = 1, .max = 80};
static const struct conf_field WORDS[] = {
    {.key = "es", .type = CONF_DICT, .item = &WORD, .required = true},
    {.key = "en", .type = CONF_DICT, .item = &WORD, .required = true},
    {0},
};
static const struct conf_field SCHEMA[] = {
    {.key = "detector",
     .type = CONF_TEXT,
     .required = true,
     .min = 3,
     .max = 64,
     .example = "detector: net.scan"},
    {.key = "severity",
     .type = CONF_CHOICE,
     .choices = SEVERITY_WORDS,
     .required = true,
     .example = "severity: medium"},
    {.key = "attack", .type = CONF_LIST, .item = &ATTACK_ID, .max = 16, .fallback = "[]"},
    {.key = "settings", .type = CONF_DICT, .item = &ANY_VALUE, .fallback = "{}"},
    {.key = "facts", .type = CONF_DICT, .item = &FACT_TEXT, .fallback = "{}"},
    {.key = "messages", .type = CONF_MAP, .fields = LANGUAGES, .required = true},
    {.key = "words", .type = CONF_MAP, .fields = WORDS},
    {0},
};

static int
by_name(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;

    return strcmp(vg_json_str(*x, "detector", ""), vg_json_str(*y, "detector", ""));
}

static bool
ends_in_yaml(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".yaml") == 0;
}

static enum vg_err
load_one(struct texts *t, const char *folder, const char *name, struct conf_error *err)
{
    char path[1024], expected[80];
    json_t *tree = NULL;
    enum vg_err result;

    if (t->count == TEXTS_MAX) {
        (void)snprintf(err->text, sizeof err->text, "%s: more than %d detectors", folder,
                       TEXTS_MAX);
        return VG_ERR_CONFIG;
    }
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    result = conf_load(path, SCHEMA, &tree, err);
    if (result != VG_OK)
        return result == VG_ERR_NOMEM ? result : VG_ERR_CONFIG;
    (void)snprintf(expected, sizeof expected, "%.64s.yaml", vg_json_str(tree, "detector", ""));
    if (strcmp(expected, name) != 0) {
        (void)snprintf(err->text, sizeof err->text,
                       "%s:1: detector is not the file's name; write for example: detector: %.*s",
                       path, (int)(strlen(name) - 5), name);
        json_decref(tree);
        return VG_ERR_CONFIG;
    }
    t->trees[t->count++] = tree;
    return VG_OK;
}

enum vg_err
texts_load(const char *rules_dir, struct texts **out, struct conf_error *err)
{
    struct texts *t = calloc(1, sizeof *t);
    enum vg_err result = VG_OK;
    struct dirent *entry;
    char folder[900];
    DIR *dir;

    *err = (struct conf_error){.line = 0};
    if (t == NULL)
        return VG_ERR_NOMEM;
    (void)snprintf(folder, sizeof folder, "%s/detectors", rules_dir);
    dir = opendir(folder);
    if (dir == NULL) {
        (void)snprintf(err->text, sizeof err->text, "%s: cannot be opened", folder);
        free(t);
        return VG_ERR_CONFIG;
    }
    while (result == VG_OK && (entry = readdir(dir)) != NULL)
        if (ends_in_yaml(entry->d_name))
            result = load_one(t, folder, entry->d_name, err);
    (void)closedir(dir);
    if (result != VG_OK) {
        texts_free(t);
        return result;
    }
    qsort(t->trees, t->count, sizeof t->trees[0], by_name);
    for (size_t i = 0; i < t->count; i++)
        t->names[i] = vg_json_str(t->trees[i], "detector", "");
    *out = t;
    return VG_OK;
}

void
texts_free(struct texts *texts)
{
    if (texts == NULL)
        return;
    for (size_t i = 0; i < texts->count; i++)
        json_decref(texts->trees[i]);
    free(texts);
}

const json_t *
texts_detector(const struct texts *texts, const char *detector)
{
    size_t low = 0, high = texts->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(texts->names[mid], detector);

        if (order == 0)
            return texts->trees[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const char *const *
texts_detectors(const struct texts *texts)
{
    return texts->names;
}

static bool
spanish(const char *language)
{
    return language != NULL && strncmp(language, "es", 2) == 0;
}

/* What is said of an alert whose detector this version does not know. */
static const char *
general(const char *part, bool es)
{
    static const struct {
        const char *part, *es, *en;
    } words[] = {
        {"title", "Actividad fuera de lo normal", "Unusual activity"},
        {"short", "{subject}: actividad fuera de lo normal", "{subject}: unusual activity"},
        {"what", "Vigía vio algo fuera de lo normal en {subject}.",
         "Vigía saw something unusual about {subject}."},
        {"why", "Puede ser un error o un ataque; conviene que alguien lo revise.",
         "It may be a mistake or an attack; somebody should look at it."},
        {"do", "Llama a tu proveedor de sistemas y dale este aviso.",
         "Call your IT provider and show this alert."},
    };

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (strcmp(words[i].part, part) == 0)
            return es ? words[i].es : words[i].en;
    return "";
}

static char *
fill_part(const struct texts *texts, const char *part, const json_t *event,
          const struct text_view *view)
{
    bool es = spanish(view->language);
    const json_t *tree = texts_detector(texts, vg_json_str(event, "detector", ""));
    const json_t *message = json_object_get(json_object_get(tree, "messages"), es ? "es" : "en");

    return texts_fill(vg_json_str(message, part, general(part, es)), event,
                      json_object_get(json_object_get(tree, "words"), es ? "es" : "en"), view);
}

enum vg_err
texts_render(const struct texts *texts, const json_t *event, const struct text_view *view,
             struct text_message *out)
{
    struct text_message m = {
        .title = fill_part(texts, "title", event, view),
        .brief = fill_part(texts, "short", event, view),
        .what = fill_part(texts, "what", event, view),
        .why = fill_part(texts, "why", event, view),
        .what_to_do = fill_part(texts, "do", event, view),
    };

    if (m.title == NULL || m.brief == NULL || m.what == NULL || m.why == NULL ||
        m.what_to_do == NULL) {
        texts_message_done(&m);
        return VG_ERR_NOMEM;
    }
    *out = m;
    return VG_OK;
}

void
texts_message_done(struct text_message *m)
{
    free(m->title);
    free(m->brief);
    free(m->what);
    free(m->why);
    free(m->what_to_do);
    *m = (struct text_message){0};
}

char *
texts_find_rules(const char *given, const char *program_path)
{
    static const char *const from[] = {"/../../rules", "/../share/vigia/rules", NULL};
    static const struct beside where = {"VIGIA_RULES", from, "/usr/share/vigia/rules", "detectors"};

    return beside_find(&where, given, program_path);
}
