/* SPDX-License-Identifier: Apache-2.0 */
/* ssdp: devices that announce themselves and are searched for (UPnP Device Architecture 2.0, 1;
 * HTTP heads over UDP).
 *
 * Record "ssdp", told when a sender says something new (once.h); src is who sent it: method
 * ("M-SEARCH", "NOTIFY", or "response"), st (what is searched for, or answers), nt (what announces
 * itself), nts ("ssdp:alive", "ssdp:byebye"), usn, server, user_agent, location. */
#include "agent/net/engine.h"
#include "agent/net/once.h"
#include "agent/net/proto/protocols.h"
#include "agent/net/proto/words.h"

enum { PORT_SSDP = 1900, SSDP_LINES_MAX = 40, SSDP_TEXT_MAX = 512 };

struct ssdp {
    struct str st, nt, nts, usn, server, user_agent, location;
};

static const struct {
    const char *line, *method;
} STARTS[] = {{"M-SEARCH * HTTP/1.", "M-SEARCH"},
              {"NOTIFY * HTTP/1.", "NOTIFY"},
              {"HTTP/1.1 200", "response"},
              {"HTTP/1.0 200", "response"}};

static const char *
method_of(struct str first)
{
    for (size_t i = 0; i < VG_ARRAY_LEN(STARTS); i++)
        if (words_begin(first, STARTS[i].line))
            return STARTS[i].method;
    return NULL;
}

static void
take_line(struct str line, struct ssdp *s)
{
    struct str value = line, name = words_trim(words_until(&value, ':'));
    const struct {
        const char *name;
        struct str *field;
    } fields[] = {{"ST", &s->st},
                  {"NT", &s->nt},
                  {"NTS", &s->nts},
                  {"USN", &s->usn},
                  {"SERVER", &s->server},
                  {"USER-AGENT", &s->user_agent},
                  {"LOCATION", &s->location},
                  {"AL", &s->location}};

    for (size_t i = 0; i < VG_ARRAY_LEN(fields); i++)
        if (words_is(name, fields[i].name))
            *fields[i].field = words_cut(words_trim(value), SSDP_TEXT_MAX);
}

static bool
ssdp_datagram(const struct protocol_call *call, const struct packet *pkt)
{
    struct str rest = str_n(pkt->payload.at, pkt->payload.left);
    struct str none = str_of("");
    struct ssdp s = {none, none, none, none, none, none, none};
    struct record r = {.type = "ssdp"};
    const char *method = method_of(rest);
    struct once *once;

    if (method == NULL)
        return false;
    for (int i = 0; i < SSDP_LINES_MAX && rest.len > 0; i++) {
        struct str line = words_until(&rest, '\n');

        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        if (i > 0)
            take_line(line, &s);
    }
    if (pkt->sport != PORT_SSDP && pkt->dport != PORT_SSDP && s.st.len == 0 && s.nt.len == 0)
        return false; /* some other HTTP over UDP */
    once = once_of_flow(call);
    if (once == NULL)
        return false;
    record_text_put(&r, "method", str_of(method));
    record_text_opt(&r, "st", s.st);
    record_text_opt(&r, "nt", s.nt);
    record_text_opt(&r, "nts", s.nts);
    record_text_opt(&r, "usn", s.usn);
    record_text_opt(&r, "server", s.server);
    record_text_opt(&r, "user_agent", s.user_agent);
    record_text_opt(&r, "location", s.location);
    once_tell(once, &r, call, call->dir);
    return true;
}

const struct protocol PROTOCOL_SSDP = {
    .name = "ssdp",
    .close = once_close,
    .datagram = ssdp_datagram,
};
