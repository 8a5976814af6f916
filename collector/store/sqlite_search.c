/* SPDX-License-Identifier: Apache-2.0 */
/* The search: rows of incident_search beside those of incidents, and match expressions out of what
 * people typed. Everything typed goes in as a quoted string of FTS5's, so none of it is its syntax. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "collector/search.h"
#include "collector/store/sqlite_int.h"
#include "common/str.h"

enum {
    PEERS_MAX = 1024, /* bytes of peers that one incident is found by */
    WORDS_MAX = 4096, /* of facts */
    NOTES_MAX = 16 * 1024,
    WORD_MAX = 128,     /* of a tag */
    ASSIGNEES_MAX = 20, /* users whose name begins like what was typed */
};

#define TEXT_COLUMNS "{subject peer detector site tenant facts notes}"

/* ---- rows ---- */

enum vg_err
sq_search_add(struct sqlite *s, const struct storage_incident *i)
{
    sqlite3_stmt *st = sq(
        s, "INSERT INTO incident_search (rowid, subject, peer, detector, site, tenant, facts,"
           " notes, tags) SELECT i.num, " SEARCH_SUBJECT ", ?2, i.detector,"
           " s.name, t.name, ?3, ''," SEARCH_TAGS "FROM incidents i JOIN sites s ON s.id = i.site"
           " JOIN tenants t ON t.id = i.tenant WHERE i.id = ?1");

    sq_bind(st, "ttt", i->id, i->peer != NULL ? i->peer : "", i->words != NULL ? i->words : "");
    return sq_run(s, st);
}

/* Appends the lines of `more` that `text` does not hold yet, up to max; true when there was one. */
static bool
add_lines(struct buf *text, const char *more, size_t max)
{
    bool grew = false;

    while (more != NULL && *more != '\0') {
        size_t n = strcspn(more, "\n");
        const char *have = buf_str(text);

        if (n > 0 && text->len + n + 1 <= max &&
            (have == NULL || !str_has(str_of(have), str_n(more, n)))) {
            if (text->len > 0)
                buf_put_u8(text, '\n');
            buf_put(text, more, n);
            grew = true;
        }
        more += n + (more[n] == '\n');
    }
    return grew;
}

static enum vg_err
grow_row(struct sqlite *s, int64_t num, const struct storage_incident *i, struct buf *peers,
         struct buf *words)
{
    sqlite3_stmt *st = sq(s, "SELECT peer, facts, detector, subject FROM incident_search"
                             " WHERE rowid = ?");
    enum vg_err err;
    bool grew;

    sq_bind(st, "i", num);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err == VG_ERR_NOENT ? sq_search_add(s, i) : err;
    buf_put_str(peers, sq_text(st, 0));
    buf_put_str(words, sq_text(st, 1));
    grew = strcmp(sq_text(st, 2), i->detector) != 0;
    grew = grew || !str_has(str_of(sq_text(st, 3)), str_of(i->subject_label));
    sq_end(st);
    grew = add_lines(peers, i->peer, PEERS_MAX) || grew;
    grew = add_lines(words, i->words, WORDS_MAX) || grew;
    if (!grew)
        return VG_OK;
    st = sq(s, "UPDATE incident_search SET subject = " SEARCH_SUBJECT ","
               " peer = ?2, facts = ?3, detector = i.detector, tags =" SEARCH_TAGS
               "FROM incidents i WHERE incident_search.rowid = ?1 AND i.num = ?1");
    sq_bind(st, "itt", num, buf_str(peers), buf_str(words));
    return peers->bad || words->bad ? VG_ERR_NOMEM : sq_run(s, st);
}

enum vg_err
sq_search_grow(struct sqlite *s, const struct storage_incident *i)
{
    sqlite3_stmt *st = sq(s, "SELECT num FROM incidents WHERE id = ?");
    struct buf peers, words;
    int64_t num;
    enum vg_err err;

    sq_bind(st, "t", i->id);
    err = sq_step(s, st);
    if (err != VG_OK)
        return err;
    num = sqlite3_column_int64(st, 0);
    sq_end(st);
    buf_init(&peers, 2 * PEERS_MAX);
    buf_init(&words, 2 * WORDS_MAX);
    err = grow_row(s, num, i, &peers, &words);
    buf_done(&peers);
    buf_done(&words);
    return err;
}

enum vg_err
sq_search_changed(struct sqlite *s, const char *incident, const char *note)
{
    sqlite3_stmt *st =
        sq(s, "UPDATE incident_search SET tags =" SEARCH_TAGS ", notes = iif(?2 IS NULL OR"
              " length(notes) > ?3, notes, notes || char(10) || ?2) FROM incidents i"
              " WHERE i.id = ?1 AND incident_search.rowid = i.num");

    sq_bind(st, "tti", incident, note, (int64_t)NOTES_MAX);
    return sq_run(s, st);
}

enum vg_err
sq_search_renamed_site(struct sqlite *s, const char *id, const char *name)
{
    sqlite3_stmt *st = sq(s, "UPDATE incident_search SET site = ?2 WHERE rowid IN"
                             " (SELECT num FROM incidents WHERE site = ?1) AND site != ?2");

    sq_bind(st, "tt", id, name);
    return sq_run(s, st);
}

enum vg_err
sq_search_renamed_tenant(struct sqlite *s, const char *id, const char *name)
{
    sqlite3_stmt *st = sq(s, "UPDATE incident_search SET tenant = ?2 WHERE rowid IN"
                             " (SELECT num FROM incidents WHERE tenant = ?1) AND tenant != ?2");

    sq_bind(st, "tt", id, name);
    return sq_run(s, st);
}

/* ---- match expressions ---- */

/* FTS5's string: the only thing that has a meaning inside is the quote. */
static void
put_quoted(struct buf *out, const char *text)
{
    buf_put_u8(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buf_put_u8(out, '"');
        buf_put_u8(out, (uint8_t)*text);
    }
    buf_put_u8(out, '"');
}

/* The tag of a value, as SEARCH_WORD() makes it. */
static void
put_tag(struct buf *out, char kind, const char *value)
{
    buf_printf(out, "\"%c", kind);
    for (size_t n = 0; *value != '\0' && n < WORD_MAX; value++, n++) {
        char c = (char)tolower((unsigned char)*value);

        if (c == '.' || c == '_')
            c = c == '.' ? 'z' : 'y';
        if (c != '-')
            buf_put_u8(out, isalnum((unsigned char)c) ? (uint8_t)c : 'y');
    }
    buf_put_u8(out, '"');
}

static void
put_severity(struct buf *out, enum severity least)
{
    buf_put_u8(out, '(');
    for (int v = (int)least; v <= SEVERITY_CRITICAL; v++)
        buf_printf(out, "%s\"v%d\"", v > (int)least ? " OR " : "", v);
    buf_put_u8(out, ')');
}

static void
put_state(struct buf *out, const char *state)
{
    if (strcmp(state, "open") == 0 || strcmp(state, "resolved") == 0)
        buf_printf(out, "\"is%s\"", state);
    else
        put_tag(out, 'e', state);
}

/* A name, or the beginning of one, to those who have it; "a" alone stands for nobody. */
static enum vg_err
put_assignee(struct sqlite *s, const char *name, const char *me, struct buf *out)
{
    sqlite3_stmt *st;
    size_t n = 0;
    enum vg_err err;

    if (strcmp(name, "none") == 0 || strcmp(name, "me") == 0) {
        put_tag(out, 'a', strcmp(name, "me") == 0 ? me : name);
        return VG_OK;
    }
    st = sq(s, "SELECT id FROM users WHERE substr(lower(name), 1, length(?1)) = lower(?1)"
               " ORDER BY length(name) LIMIT ?2");
    sq_bind(st, "ti", name, (int64_t)ASSIGNEES_MAX);
    buf_put_str(out, "(\"a\"");
    while ((err = sq_step(s, st)) == VG_OK && n++ < ASSIGNEES_MAX) {
        buf_put_str(out, " OR ");
        put_tag(out, 'a', sq_text(st, 0));
    }
    sq_end(st);
    buf_put_u8(out, ')');
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
put_word(struct sqlite *s, const struct storage_incident_query *q, const struct search_word *w,
         struct buf *out)
{
    static const char *const columns[] = {
        [SEARCH_ANYWHERE] = TEXT_COLUMNS, [SEARCH_DEVICE] = "subject", [SEARCH_PEER] = "peer",
        [SEARCH_DETECTOR] = "detector",   [SEARCH_SITE] = "site",      [SEARCH_TENANT] = "tenant",
        [SEARCH_FACT] = "facts",          [SEARCH_NOTE] = "notes"};
    enum severity severity = SEVERITY_INFO;
    enum vg_err err;

    switch (w->field) {
    case SEARCH_SEVERITY:
        err = severity_parse(w->text, &severity);
        buf_put_str(out, "tags : ");
        put_severity(out, severity);
        return err;
    case SEARCH_STATE:
        buf_put_str(out, "tags : ");
        put_state(out, w->text);
        return VG_OK;
    case SEARCH_ASSIGNEE:
        buf_put_str(out, "tags : ");
        return put_assignee(s, w->text, q->me != NULL ? q->me : "", out);
    default:
        buf_printf(out, "%s : ", columns[w->field]);
        put_quoted(out, w->text);
        if (!w->whole && strlen(w->text) > 1) /* a single letter begins too much */
            buf_put_str(out, " *");
        return VG_OK;
    }
}

enum vg_err
sq_search_user_gone(struct sqlite *s, const char *user)
{
    static const char *const steps[] = {
        "UPDATE incidents SET assignee = NULL WHERE num IN (SELECT rowid FROM incident_search WHERE"
        " incident_search MATCH ?)",
        "UPDATE incident_search SET tags =" SEARCH_TAGS "FROM incidents i WHERE i.num ="
        " incident_search.rowid AND incident_search.rowid IN (SELECT rowid FROM incident_search"
        " WHERE incident_search MATCH ?)",
    };
    struct buf match;
    enum vg_err err = VG_OK;

    buf_init(&match, 256);
    buf_put_str(&match, "tags : ");
    put_tag(&match, 'a', user);
    for (size_t i = 0; err == VG_OK && i < VG_ARRAY_LEN(steps); i++) {
        sqlite3_stmt *st = sq(s, steps[i]);

        sq_bind(st, "t", buf_str(&match));
        err = sq_run(s, st);
    }
    buf_done(&match);
    return err;
}

/* Their tenants, for those who were given some. */
static enum vg_err
put_scope(struct sqlite *s, const struct storage_scope *scope, struct buf *out)
{
    sqlite3_stmt *st;
    enum vg_err err;

    if (scope->kind == STORAGE_SEES_ALL)
        return VG_OK;
    buf_put_str(out, " AND tags : (\"t\""); /* alone: nobody's */
    if (scope->kind == STORAGE_SEES_TENANT) {
        buf_put_str(out, " OR ");
        put_tag(out, 't', scope->id);
    }
    st = sq(s, "SELECT tenant FROM user_tenants WHERE user = ?");
    sq_bind(st, "t", scope->kind == STORAGE_SEES_GIVEN ? scope->id : "");
    while ((err = sq_step(s, st)) == VG_OK) {
        buf_put_str(out, " OR ");
        put_tag(out, 't', sq_text(st, 0));
    }
    sq_end(st);
    buf_put_u8(out, ')');
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
put_filters(const struct storage_incident_query *q, struct buf *out)
{
    enum severity least;
    enum vg_err err = VG_OK;

    if (strcmp(q->state, "all") != 0 && !(q->search != NULL && q->search->has_state)) {
        buf_put_str(out, " AND tags : ");
        put_state(out, q->state);
    }
    if (q->severity[0] != '\0' && (err = severity_parse(q->severity, &least)) == VG_OK) {
        buf_put_str(out, " AND tags : ");
        put_severity(out, least);
    }
    for (size_t i = 0; i < 3; i++) {
        const char *value = i == 0 ? q->site : i == 1 ? q->detector : q->assignee;

        if (value != NULL && value[0] != '\0') {
            buf_put_str(out, " AND tags : ");
            put_tag(out, "sda"[i], value);
        }
    }
    return err;
}

static enum vg_err
put_words(struct sqlite *s, const struct storage_incident_query *q, bool without, struct buf *out)
{
    enum vg_err err = VG_OK;
    size_t n = 0;

    for (size_t i = 0; err == VG_OK && q->search != NULL && i < q->search->count; i++) {
        const struct search_word *w = &q->search->word[i];

        if (w->without != without)
            continue;
        if (without)
            buf_put_str(out, n++ == 0 ? ") NOT (" : " OR ");
        else
            buf_put_str(out, " AND ");
        err = put_word(s, q, w, out);
    }
    return err;
}

static bool
plain(const struct storage_scope *scope, const struct storage_incident_query *q)
{
    const struct search *w = q->search;

    return scope->kind != STORAGE_SEES_GIVEN && !storage_state_valid(q->state) &&
           q->severity[0] == '\0' && q->site[0] == '\0' && q->detector[0] == '\0' &&
           (q->assignee == NULL || q->assignee[0] == '\0') &&
           (w == NULL || (w->count == 0 && w->after_ns == 0 && w->before_ns == INT64_MAX));
}

enum vg_err
sq_search_match(struct sqlite *s, const struct storage_scope *scope,
                const struct storage_incident_query *q, struct buf *out)
{
    enum vg_err err;

    if (plain(scope, q))
        return VG_ERR_NOENT;
    buf_put_str(out, "(tags : \"all\"");
    err = put_scope(s, scope, out);
    if (err == VG_OK)
        err = put_filters(q, out);
    if (err == VG_OK)
        err = put_words(s, q, false, out);
    if (err == VG_OK)
        err = put_words(s, q, true, out);
    buf_put_u8(out, ')');
    return err == VG_OK && out->bad ? VG_ERR_LIMIT : err;
}
