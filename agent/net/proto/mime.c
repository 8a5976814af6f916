/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/mime.h"

#include "agent/net/engine.h"
#include "agent/net/proto/mime_decode.h"
#include "agent/net/proto/mime_fields.h"
#include "agent/net/proto/words.h"
#include "agent/net/record.h"
#include "agent/net/transfer.h"

struct part {
    bool multipart, message, attached, text;
    enum mime_coding coding;
    char name[MIME_TEXT_MAX], type[128], boundary[MIME_BOUNDARY_MAX];
};

/* Of the head of the whole mail, decoded; "" where absent. */
struct head {
    char from[MIME_TEXT_MAX], to[MIME_TEXT_MAX], subject[MIME_TEXT_MAX], message_id[MIME_TEXT_MAX],
        user_agent[MIME_TEXT_MAX];
};

struct mime {
    struct mime_about about;
    bool head;         /* in the head of a mail or of a part */
    bool inner;        /* the mail's own head is over */
    unsigned depth;    /* boundaries that are open */
    unsigned messages; /* mails within this one */
    unsigned files;
    struct lines lines; /* of mime_bytes() */
    struct buf field;   /* the field at hand, unfolded; empty for those that do not matter */
    char boundary[MIME_DEPTH_MAX][MIME_BOUNDARY_MAX];
    struct part part;
    struct mime_decoder decoder;
    struct transfer *file;
    struct head text;
};

struct mime *
mime_begin(const struct protocol_call *call, const struct mime_about *about)
{
    struct mime *m = net_parser_alloc(call->engine, sizeof(*m));

    if (m == NULL)
        return NULL;
    m->about = *about;
    m->head = true;
    m->part.text = true; /* RFC 2045, 5.2 */
    lines_init(&m->lines);
    buf_init(&m->field, MIME_FIELD_MAX);
    return m;
}

/* ---- files ---- */

static void
end_file(struct mime *m, const struct protocol_call *call, bool whole)
{
    if (m->file == NULL)
        return;
    mime_decode_end(&m->decoder, m->file, call);
    transfer_end(m->file, call, whole);
    m->file = NULL;
}

static void
begin_file(struct mime *m, const struct protocol_call *call)
{
    struct transfer_about about = {.service = m->about.service,
                                   .name = str_of(m->part.name),
                                   .mime = str_of(m->part.type),
                                   .host = str_of(NULL),
                                   .coding = str_of(NULL),
                                   .from_server = m->about.from_server,
                                   .client = m->about.client};

    if (m->files >= MIME_FILES_MAX)
        return;
    m->files++;
    m->decoder = (struct mime_decoder){.coding = m->part.coding};
    m->file = transfer_begin(call, &about);
}

/* ---- heads ---- */

static void
on_content_type(struct mime *m, struct str value)
{
    struct part *p = &m->part;
    struct str type = words_keep(p->type, sizeof(p->type), mime_field_value(value));

    p->text = words_is(type, "text/plain") || words_is(type, "text/html") || type.len == 0;
    p->multipart = words_begin(type, "multipart/");
    p->message = words_is(type, "message/rfc822");
    if (p->multipart)
        (void)mime_field_param(value, "boundary", p->boundary, sizeof(p->boundary));
    if (p->name[0] == '\0')
        (void)mime_field_param(value, "name", p->name, sizeof(p->name));
}

static void
on_disposition(struct mime *m, struct str value)
{
    char name[MIME_TEXT_MAX];

    m->part.attached = words_is(mime_field_value(value), "attachment");
    if (mime_field_param(value, "filename", name, sizeof(name)).len > 0)
        (void)words_keep(m->part.name, sizeof(m->part.name), str_of(name));
}

/* Fields of the whole mail: the first of a name counts. */
static char *
place_of(struct mime *m, struct str name)
{
    if (m->inner)
        return NULL;
    if (words_is(name, "From"))
        return m->text.from;
    if (words_is(name, "To"))
        return m->text.to;
    if (words_is(name, "Subject"))
        return m->text.subject;
    if (words_is(name, "Message-ID"))
        return m->text.message_id;
    if (words_is(name, "User-Agent") || words_is(name, "X-Mailer"))
        return m->text.user_agent;
    return NULL;
}

static bool
matters(struct mime *m, struct str name)
{
    return place_of(m, name) != NULL || words_is(name, "Content-Type") ||
           words_is(name, "Content-Disposition") || words_is(name, "Content-Transfer-Encoding");
}

static void
end_field(struct mime *m)
{
    struct str value = str_n(m->field.data, m->field.len), name;
    char *place;

    if (value.len == 0)
        return;
    name = words_trim(words_until(&value, ':'));
    place = place_of(m, name);
    if (place != NULL && place[0] == '\0')
        (void)mime_field_text(value, place, MIME_TEXT_MAX);
    else if (words_is(name, "Content-Type"))
        on_content_type(m, value);
    else if (words_is(name, "Content-Disposition"))
        on_disposition(m, value);
    else if (words_is(name, "Content-Transfer-Encoding"))
        m->part.coding = mime_coding_of(words_trim(value));
    buf_clear(&m->field);
}

/* The empty line: what comes is a body. */
static void
end_head(struct mime *m, const struct protocol_call *call)
{
    struct part *p = &m->part;

    end_field(m);
    m->inner = true;
    m->head = false;
    if (p->multipart && p->boundary[0] != '\0' && m->depth < MIME_DEPTH_MAX) {
        (void)words_keep(m->boundary[m->depth], MIME_BOUNDARY_MAX, str_of(p->boundary));
        m->depth++;
    } else if (p->message && !p->attached && m->messages < MIME_DEPTH_MAX) {
        m->messages++;
        m->head = true;
    } else if (!p->multipart && (p->name[0] != '\0' || p->attached || !p->text)) {
        begin_file(m, call);
    }
    *p = (struct part){.text = true};
}

static void
on_head_line(struct mime *m, const struct protocol_call *call, const struct line_piece *line)
{
    struct str text = line->text, rest = text;
    bool folded = text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t');

    if (line->begins && line->ends && text.len == 0) {
        end_head(m, call);
        return;
    }
    if (line->begins && !folded) {
        end_field(m);
        if (!matters(m, words_trim(words_until(&rest, ':'))))
            return;
    } else if (m->field.len == 0) {
        return;
    }
    if (line->begins && folded && net_gather(call->engine, &m->field, " ", 1) != VG_OK)
        return;
    text = line->begins && folded ? words_trim(text) : text;
    if (net_gather(call->engine, &m->field, text.at,
                   text.len < MIME_FIELD_MAX - m->field.len
                       ? text.len
                       : MIME_FIELD_MAX - m->field.len) != VG_OK)
        buf_clear(&m->field);
}

/* ---- bodies ---- */

/* Which open boundary the line is, the innermost first: its number from 1, or 0. *close: the
 * multipart ends. */
static unsigned
boundary_of(const struct mime *m, struct str text, bool *close)
{
    if (text.len < 3 || !words_begin(text, "--"))
        return 0;
    text = words_trim(words_skip(text, 2));
    for (unsigned d = m->depth; d > 0; d--) {
        struct str b = str_of(m->boundary[d - 1]);

        if (text.len < b.len || !str_eq(str_n(text.at, b.len), b))
            continue;
        *close = words_begin(words_skip(text, b.len), "--");
        if (*close || text.len == b.len)
            return d;
    }
    return 0;
}

void
mime_line(struct mime *m, const struct protocol_call *call, const struct line_piece *line)
{
    bool close = false;
    unsigned which;

    if (m == NULL)
        return;
    which = line->begins && m->depth > 0 ? boundary_of(m, line->text, &close) : 0;
    if (which > 0) {
        end_field(m);
        end_file(m, call, true);
        m->part = (struct part){.text = true};
        m->depth = close ? which - 1 : which;
        m->head = !close;
    } else if (m->head) {
        on_head_line(m, call, line);
    } else if (m->file != NULL) {
        mime_decode(&m->decoder, m->file, call, line);
    }
}

void
mime_gap(struct mime *m, const struct protocol_call *call, uint64_t bytes)
{
    if (m == NULL)
        return;
    buf_clear(&m->field);
    lines_gap(&m->lines);
    if (m->file != NULL)
        mime_decode_gap(&m->decoder, m->file, call, bytes);
}

void
mime_bytes(struct mime *m, const struct protocol_call *call, struct slice bytes)
{
    struct line_piece line;

    while (m != NULL && lines_next(&m->lines, call, &bytes, &line))
        mime_line(m, call, &line);
}

void
mime_finish(struct mime *m, const struct protocol_call *call, bool whole)
{
    struct line_piece line;

    if (m == NULL)
        return;
    if (lines_rest(&m->lines, &line))
        mime_line(m, call, &line);
    end_field(m);
    end_file(m, call, whole && m->depth == 0);
}

void
mime_free(struct mime *m, const struct protocol_call *call)
{
    if (m == NULL)
        return;
    end_file(m, call, false);
    lines_done(&m->lines, call);
    net_gather_done(call->engine, &m->field);
    net_parser_free(call->engine, m, sizeof(*m));
}

void
mime_put(const struct mime *m, struct record *r)
{
    if (m == NULL)
        return;
    record_text_opt(r, "from", str_of(m->text.from));
    record_text_opt(r, "to", str_of(m->text.to));
    record_text_opt(r, "subject", str_of(m->text.subject));
    record_text_opt(r, "message_id", str_of(m->text.message_id));
    record_text_opt(r, "user_agent", str_of(m->text.user_agent));
    record_number(r, "files", m->files);
}
