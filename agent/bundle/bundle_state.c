/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bundle/bundle_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bundle/bundle_try.h"
#include "agent/platform/platform.h"
#include "common/hex.h"
#include "common/vtime.h"

enum { STATE_BYTES_MAX = 64 * 1024, NAMES_MAX = 2000 };

bool
bundle_path(const char *state_dir, const char *name, char out[BUNDLE_PATH_BYTES])
{
    int n = snprintf(out, BUNDLE_PATH_BYTES, "%s/bundle%s%s", state_dir, name[0] != '\0' ? "/" : "",
                     name);

    return n > 0 && n < BUNDLE_PATH_BYTES;
}

/* ---- as JSON ---- */

static json_t *
time_put(int64_t t_ns)
{
    char text[VTIME_TEXT_MAX];

    return t_ns > 0 ? json_string(vtime_format(t_ns, text)) : json_null();
}

static int64_t
time_get(const json_t *o, const char *key)
{
    const char *text = vg_json_str(o, key, "");
    int64_t t_ns = 0;

    return vtime_parse(text, strlen(text), &t_ns) == VG_OK ? t_ns : 0;
}

static json_t *
entry_put(const struct bundle_entry *e)
{
    return json_pack("{sI ss ss ss so so}", "version", (json_int_t)e->version, "sha256", e->sha256,
                     "folder", e->folder, "base", e->base, "since", time_put(e->since_ns),
                     "expires", time_put(e->expires_ns));
}

/* One that makes no sense is as none. */
static void
entry_get(const json_t *o, struct bundle_entry *out)
{
    struct bundle_entry e = {.version = vg_json_int(o, "version", 0),
                             .since_ns = time_get(o, "since"),
                             .expires_ns = time_get(o, "expires")};

    if (e.version > 0 && e.version <= BUNDLE_VERSION_MAX &&
        vg_strcpy(e.sha256, sizeof e.sha256, vg_json_str(o, "sha256", "")) &&
        vg_strcpy(e.folder, sizeof e.folder, vg_json_str(o, "folder", "")) &&
        vg_strcpy(e.base, sizeof e.base, vg_json_str(o, "base", "")) &&
        strspn(e.folder, "0123456789abcdef-") == strlen(e.folder) && e.folder[0] != '\0')
        *out = e;
    else
        *out = (struct bundle_entry){.version = 0, .since_ns = e.since_ns};
}

static json_t *
no_put(const struct bundle_no *n)
{
    return json_pack("{sI ss ss ss so}", "version", (json_int_t)n->version, "sha256", n->sha256,
                     "word", n->error.word, "why", n->error.why, "time", time_put(n->time_ns));
}

static void
no_get(const json_t *o, struct bundle_no *n)
{
    n->version = vg_json_int(o, "version", 0);
    n->time_ns = time_get(o, "time");
    (void)vg_strcpy(n->sha256, sizeof n->sha256, vg_json_str(o, "sha256", ""));
    (void)vg_strcpy(n->error.word, sizeof n->error.word, vg_json_str(o, "word", ""));
    (void)vg_strcpy(n->error.why, sizeof n->error.why, vg_json_str(o, "why", ""));
}

static enum vg_err
state_get(const json_t *o, struct bundle_state *s)
{
    if (!json_is_integer(json_object_get(o, "highest")))
        return VG_ERR_FORMAT;
    s->highest = vg_json_int(o, "highest", 0);
    s->seen_ns = time_get(o, "seen");
    entry_get(json_object_get(o, "now"), &s->now);
    entry_get(json_object_get(o, "last"), &s->last);
    s->crashes = (unsigned)vg_json_int(o, "crashes", 0);
    no_get(json_object_get(o, "refused"), &s->refused);
    no_get(json_object_get(o, "left"), &s->left);
    s->taken = vg_json_int(o, "taken", 0);
    s->refused_count = vg_json_int(o, "refused_count", 0);
    s->left_count = vg_json_int(o, "left_count", 0);
    if (s->highest < s->now.version)
        s->highest = s->now.version;
    return VG_OK;
}

static enum vg_err
read_json(const char *state_dir, const char *name, json_t **out)
{
    char path[BUNDLE_PATH_BYTES];
    struct buf text = {.data = NULL};
    enum vg_err err = VG_ERR_LIMIT;

    if (bundle_path(state_dir, name, path))
        err = platform_file_slurp(path, STATE_BYTES_MAX, &text);
    if (err == VG_OK)
        err = vg_json_parse(buf_slice(&text), STATE_BYTES_MAX, out);
    buf_done(&text);
    return err;
}

/* ---- once more ---- */

/* `lost`: nothing else says what ran. */
static void
highest_get(const char *state_dir, bool lost, struct bundle_state *s)
{
    int64_t highest, running, seen_ns;
    json_t *o = NULL;

    if (read_json(state_dir, "highest.json", &o) != VG_OK)
        return;
    highest = vg_json_int(o, "highest", 0);
    running = vg_json_int(o, "running", 0);
    seen_ns = time_get(o, "seen");
    json_decref(o);
    if (highest > s->highest && highest <= BUNDLE_VERSION_MAX)
        s->highest = highest;
    if (seen_ns > s->seen_ns)
        s->seen_ns = seen_ns;
    if (lost && running > 0 && running <= s->highest)
        s->now.version = running;
}

/* After state.json: the other way round, one that was killed between would refuse what it never took. */
static void
highest_put(const char *state_dir, const struct bundle_state *s)
{
    json_t *o = json_pack("{sI sI so}", "highest", (json_int_t)s->highest, "running",
                          (json_int_t)s->now.version, "seen", time_put(s->seen_ns));
    char *text = o != NULL ? vg_json_text(o) : NULL, path[BUNDLE_PATH_BYTES];

    json_decref(o);
    if (text != NULL && bundle_path(state_dir, "highest.json", path))
        (void)!platform_file_replace(path, slice_of(text, strlen(text)), false);
    free(text);
}

enum vg_err
bundle_state_load(const char *state_dir, struct bundle_state *out)
{
    json_t *o = NULL;
    enum vg_err err = read_json(state_dir, "state.json", &o);

    *out = (struct bundle_state){.highest = 0};
    if (err == VG_OK)
        err = state_get(o, out);
    json_decref(o);
    highest_get(state_dir, err != VG_OK, out);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

enum vg_err
bundle_state_save(const char *state_dir, const struct bundle_state *s)
{
    char path[BUNDLE_PATH_BYTES];
    json_t *o =
        json_pack("{sI so so so sI so so sI sI sI}", "highest", (json_int_t)s->highest, "seen",
                  time_put(s->seen_ns), "now", entry_put(&s->now), "last", entry_put(&s->last),
                  "crashes", (json_int_t)s->crashes, "refused", no_put(&s->refused), "left",
                  no_put(&s->left), "taken", (json_int_t)s->taken, "refused_count",
                  (json_int_t)s->refused_count, "left_count", (json_int_t)s->left_count);
    char *text = o != NULL ? vg_json_text(o) : NULL;
    enum vg_err err = VG_ERR_NOMEM;

    json_decref(o);
    if (text == NULL)
        return err;
    err = VG_ERR_LIMIT;
    if (bundle_path(state_dir, "", path))
        err = platform_folder_make(path, true);
    if (err == VG_OK && bundle_path(state_dir, "state.json", path))
        err = platform_file_replace(path, slice_of(text, strlen(text)), false);
    free(text);
    if (err == VG_OK)
        highest_put(state_dir, s);
    return err;
}

static json_t *
tell_no(const struct bundle_no *n)
{
    if (n->error.word[0] == '\0')
        return json_null();
    return no_put(n);
}

json_t *
bundle_state_tell(const struct bundle_state *s)
{
    return json_pack("{sI ss so so sI sI sI sI sI so so}", "version", (json_int_t)s->now.version,
                     "sha256", s->now.sha256, "since", time_put(s->now.since_ns), "expires",
                     time_put(s->now.expires_ns), "highest", (json_int_t)s->highest, "crashes",
                     (json_int_t)s->crashes, "taken", (json_int_t)s->taken, "refused_count",
                     (json_int_t)s->refused_count, "left_count", (json_int_t)s->left_count,
                     "refused", tell_no(&s->refused), "left", tell_no(&s->left));
}

/* ---- steps ---- */

enum vg_err
bundle_state_take(const char *state_dir, struct bundle_state *s, const struct bundle_entry *entry)
{
    struct bundle_state next = *s;
    enum vg_err err;

    if (s->now.version != entry->version) { /* else: the same over a newer program */
        next.last = s->now;
        next.crashes = 0;
        next.taken++;
    }
    next.now = *entry;
    if (next.highest < entry->version)
        next.highest = entry->version;
    err = bundle_state_save(state_dir, &next);
    if (err == VG_OK)
        *s = next;
    return err;
}

enum vg_err
bundle_state_refuse(const char *state_dir, struct bundle_state *s, int64_t version,
                    const char *sha256, const struct bundle_error *error, int64_t now_ns)
{
    s->refused_count++;
    s->refused = (struct bundle_no){.version = version, .time_ns = now_ns, .error = *error};
    (void)vg_strcpy(s->refused.sha256, sizeof s->refused.sha256, sha256);
    return bundle_state_save(state_dir, s);
}

enum vg_err
bundle_state_leave(const char *state_dir, struct bundle_state *s, const struct bundle_error *error,
                   int64_t now_ns)
{
    s->left_count++;
    s->left = (struct bundle_no){.version = s->now.version, .time_ns = now_ns, .error = *error};
    (void)vg_strcpy(s->left.sha256, sizeof s->left.sha256, s->now.sha256);
    s->now = s->last;
    s->now.since_ns = now_ns;
    s->last = (struct bundle_entry){.version = 0};
    s->crashes = 0;
    return bundle_state_save(state_dir, s);
}

bool
bundle_word_passes(const char *word)
{
    static const char *const words[] = {"disk", "memory", "expired", "future", "busy"};

    for (size_t i = 0; i < VG_ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

enum vg_err
bundle_settle(const char *state_dir, struct bundle_state *s, const struct bundle_verdict *v,
              int64_t offered, const char *offered_sha256, int64_t now_ns)
{
    struct bundle_entry entry = v->entry;

    entry.since_ns = now_ns;
    if (v->good)
        return bundle_state_take(state_dir, s, &entry);
    bundle_sweep(state_dir, s); /* first: what it left may be what fills the disk */
    return bundle_state_refuse(state_dir, s, entry.version > 0 ? entry.version : offered,
                               entry.version > 0 ? entry.sha256 : offered_sha256, &v->error,
                               now_ns);
}

static bool
ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

static bool
is_named(const struct bundle_state *s, const char *name)
{
    char bundle[2][32];

    (void)snprintf(bundle[0], sizeof bundle[0], "%lld.bundle", (long long)s->now.version);
    (void)snprintf(bundle[1], sizeof bundle[1], "%lld.bundle", (long long)s->last.version);
    return strcmp(name, "state.json") == 0 || strcmp(name, "highest.json") == 0 ||
           strcmp(name, "drop.bundle") == 0 ||
           strcmp(name, "drop.bundle.new") == 0 || /* being written, by a command */
           ends_with(name, ".part") ||
           (s->now.version > 0 &&
            (strcmp(name, bundle[0]) == 0 || strcmp(name, s->now.folder) == 0)) ||
           (s->last.version > 0 &&
            (strcmp(name, bundle[1]) == 0 || strcmp(name, s->last.folder) == 0));
}

static void
sweep(const char *state_dir, const struct bundle_state *s, const char *but)
{
    char folder[BUNDLE_PATH_BYTES], path[BUNDLE_PATH_BYTES];
    struct platform_names names;

    if (!bundle_path(state_dir, "", folder) ||
        platform_folder_list(folder, NAMES_MAX, &names) != VG_OK)
        return;
    for (size_t i = 0; i < names.count; i++) {
        bool keep = s != NULL
                        ? is_named(s, names.name[i])
                        : !ends_with(names.name[i], ".part") || strcmp(names.name[i], but) == 0;

        if (!keep && bundle_path(state_dir, names.name[i], path))
            (void)!platform_tree_remove(path); /* next time, then */
    }
    platform_names_free(&names);
}

void
bundle_sweep(const char *state_dir, const struct bundle_state *s)
{
    sweep(state_dir, s, "");
}

void
bundle_sweep_parts(const char *state_dir, const char *but)
{
    sweep(state_dir, NULL, but);
}
