/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/record.h"

#include <assert.h>

#include "agent/net/engine.h"

static struct record_field *
add(struct record *r, const char *name, enum field_type type)
{
    struct record_field *f = &r->fields[r->count];

    assert(r->count < RECORD_FIELDS_MAX);
    r->count++;
    *f = (struct record_field){.name = name, .type = type, .text = str_of(NULL)};
    return f;
}

void
record_text_put(struct record *r, const char *name, struct str text)
{
    add(r, name, FIELD_TEXT)->text = text;
}

void
record_text_opt(struct record *r, const char *name, struct str text)
{
    if (text.len > 0)
        record_text_put(r, name, text);
}

void
record_number(struct record *r, const char *name, int64_t number)
{
    add(r, name, FIELD_NUMBER)->number = number;
}

void
record_bool(struct record *r, const char *name, bool yes)
{
    add(r, name, FIELD_BOOL)->number = yes;
}

void
record_list(struct record *r, const char *name, const struct str *list, size_t count)
{
    struct record_field *f = add(r, name, FIELD_LIST);

    f->list = list;
    f->list_count = count;
}

void
record_tell(const struct record *r, const struct protocol_call *call, unsigned client)
{
    struct flow_view flow;
    struct record_view view = {
        .flow = &flow, .type = r->type, .fields = r->fields, .count = r->count};
    struct obs obs = {.kind = OBS_RECORD, .time_ns = call->time_ns, .record = &view};

    net_flow_view(call, client, &flow);
    net_emit(call->engine, &obs);
}

void
login_tell(struct login_view *login, const struct protocol_call *call, unsigned client)
{
    struct flow_view flow;
    struct obs obs = {.kind = OBS_LOGIN, .time_ns = call->time_ns, .login = login};

    net_flow_view(call, client, &flow);
    login->flow = &flow;
    if (login->domain.at == NULL)
        login->domain = str_of("");
    net_emit(call->engine, &obs);
    login->flow = NULL;
}
