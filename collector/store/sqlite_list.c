/* SPDX-License-Identifier: Apache-2.0 */
/* The list of incidents, newest first, page by page. Where only a state is asked for an index gives the
 * order. Everything else is a search: its hits come in the order of incidents.num, which is nearly that of
 * `last`, and are gathered until no later one can be newer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/search.h"
#include "collector/store/sqlite_int.h"
#include "common/vtime.h"

struct place {
    int64_t last_ns;
    char id[UUID_TEXT_SIZE];
};

struct page {
    struct place before; /* the cursor: only what comes behind it */
    struct place row[STORAGE_PAGE_MAX + 1];
    size_t count, max; /* max: one more than the page, to know whether there is more */
};

/* A cursor is "LAST_ns:ID" of the row before. */
static enum vg_err
cursor_parse(const char *text, struct place *out)
{
    char *end = NULL;

    *out = (struct place){.last_ns = INT64_MAX};
    if (text[0] == '\0')
        return VG_OK;
    out->last_ns = strtoll(text, &end, 10);
    if (end == text || *end != ':' || !uuid_valid(end + 1))
        return VG_ERR_FORMAT;
    return vg_strcpy(out->id, sizeof out->id, end + 1) ? VG_OK : VG_ERR_FORMAT;
}

/* Whether a stands before b in the list. */
static bool
newer(const struct place *a, const struct place *b)
{
    return a->last_ns != b->last_ns ? a->last_ns > b->last_ns : strcmp(a->id, b->id) > 0;
}

/* Takes its place among those gathered; the last one makes room. */
static void
gather(struct page *p, const struct place *one)
{
    size_t at = p->count;

    if (!newer(&p->before, one) || (p->count == p->max && newer(&p->row[p->count - 1], one)))
        return;
    if (p->count < p->max)
        p->count++;
    else
        at--;
    for (; at > 0 && newer(one, &p->row[at - 1]); at--)
        p->row[at] = p->row[at - 1];
    p->row[at] = *one;
}

static enum vg_err
gather_matches(struct sqlite *s, const char *match, const struct search *search, struct page *p)
{
    sqlite3_stmt *st = sq(s, "SELECT i.last, i.id, i.num FROM incident_search f JOIN incidents i ON"
                             " i.num = f.rowid WHERE f.incident_search MATCH ?1 AND f.rowid < ?2"
                             " AND f.rowid >= ?3 ORDER BY f.rowid DESC");
    int64_t before_ns = search != NULL ? search->before_ns : INT64_MAX;
    int64_t after_ns = search != NULL ? search->after_ns : 0, until_s, from_s;
    enum vg_err err;

    until_s = (p->before.last_ns < before_ns ? p->before.last_ns : before_ns) / VG_SEC_NS + 1;
    from_s = (after_ns - STORAGE_INCIDENT_SPAN_NS) / VG_SEC_NS;
    sq_bind(st, "tii", match, until_s << SEARCH_NUM_BITS,
            from_s > 0 ? from_s << SEARCH_NUM_BITS : INT64_MIN);
    while ((err = sq_step(s, st)) == VG_OK) {
        struct place one = {.last_ns = sqlite3_column_int64(st, 0)};
        int64_t begun_s = sqlite3_column_int64(st, 2) >> SEARCH_NUM_BITS;

        if (p->count == p->max &&
            (begun_s + 1) * VG_SEC_NS + STORAGE_INCIDENT_SPAN_NS < p->row[p->count - 1].last_ns)
            break;
        if (one.last_ns < after_ns || one.last_ns >= before_ns)
            continue;
        sq_copy(st, 1, one.id, sizeof one.id);
        gather(p, &one);
    }
    sq_end(st);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

/* One text for each state, so that each has a plan of its own. */
#define LIST_OF(s, scope, condition)                                                               \
    sq_scoped(s, scope,                                                                            \
              "SELECT last, id FROM incidents WHERE (last, id) < (?2, ?3) AND " condition " AND ", \
              "tenant", " ORDER BY last DESC, id DESC LIMIT ?4")

static enum vg_err
gather_plain(struct sqlite *s, const struct storage_scope *scope, const char *state, struct page *p)
{
    sqlite3_stmt *st = strcmp(state, "open") == 0 ? LIST_OF(s, scope, INCIDENT_OPEN)
                       : strcmp(state, "resolved") == 0
                           ? LIST_OF(s, scope, "state NOT IN ('new','acknowledged','in_progress')")
                           : LIST_OF(s, scope, "true"); /* other states are searched for */
    enum vg_err err;

    sq_bind(st, "titi", scope->id, p->before.last_ns, p->before.id, (int64_t)p->max);
    while ((err = sq_step(s, st)) == VG_OK && p->count < p->max) {
        p->row[p->count].last_ns = sqlite3_column_int64(st, 0);
        sq_copy(st, 1, p->row[p->count++].id, UUID_TEXT_SIZE);
    }
    sq_end(st);
    return err == VG_ERR_NOENT ? VG_OK : err;
}

static enum vg_err
add_row(struct sqlite *s, const char *id, json_t *items)
{
    sqlite3_stmt *st = sq(s, "SELECT " INCIDENT_COLUMNS INCIDENT_FROM "WHERE i.id = ?");
    enum vg_err err;

    sq_bind(st, "t", id);
    err = sq_step(s, st);
    if (err == VG_OK && json_array_append_new(items, sqlite_incident_row(st)) != 0)
        err = VG_ERR_NOMEM;
    sq_end(st);
    return err == VG_ERR_NOENT ? VG_OK : err; /* its event was taken out */
}

static enum vg_err
show(struct sqlite *s, const struct page *p, json_t **out)
{
    json_t *items = json_array();
    char next[64] = "";
    size_t shown = p->count < p->max ? p->count : p->max - 1;
    enum vg_err err = VG_OK;

    for (size_t i = 0; err == VG_OK && i < shown; i++)
        err = add_row(s, p->row[i].id, items);
    if (err != VG_OK) {
        json_decref(items);
        return err;
    }
    if (p->count == p->max && shown > 0)
        (void)snprintf(next, sizeof next, "%lld:%s", (long long)p->row[shown - 1].last_ns,
                       p->row[shown - 1].id);
    *out = json_pack("{so so}", "items", items, "next",
                     next[0] != '\0' ? json_string(next) : json_null());
    return *out != NULL ? VG_OK : VG_ERR_NOMEM;
}

enum vg_err
sqlite_incidents(struct storage *base, const struct storage_scope *scope,
                 const struct storage_incident_query *query, json_t **out)
{
    struct sqlite *s = sqlite_of(base);
    struct page page = {.max = query->limit + 1};
    struct buf match;
    enum vg_err err = cursor_parse(query->cursor, &page.before);

    if (err != VG_OK || query->limit > STORAGE_PAGE_MAX)
        return err != VG_OK ? err : VG_ERR_FORMAT;
    buf_init(&match, SEARCH_MATCH_MAX);
    err = sq_search_match(s, scope, query, &match);
    if (err == VG_OK)
        err = gather_matches(s, buf_str(&match), query->search, &page);
    else if (err == VG_ERR_NOENT)
        err = gather_plain(s, scope, query->state, &page);
    buf_done(&match);
    return err == VG_OK ? show(s, &page, out) : err;
}
