/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/sip_message.h"

#include "agent/net/proto/words.h"

static const char *const METHODS[] = {"INVITE",   "ACK",     "BYE",    "CANCEL", "OPTIONS",
                                      "REGISTER", "PRACK",   "INFO",   "REFER",  "SUBSCRIBE",
                                      "NOTIFY",   "MESSAGE", "UPDATE", "PUBLISH"};

/* A method and the scheme of its URI. */
static int
request_looks(struct slice in, const char *method)
{
    int answer = words_looks(in, method), tel;

    if (answer != 1)
        return answer;
    slice_skip(&in, strlen(method));
    answer = words_looks(in, " sip"); /* also "sips:" */
    tel = words_looks(in, " tel:");
    return answer == 1 || tel == 1 ? 1 : answer < 0 || tel < 0 ? -1 : 0;
}

int
sip_looks(struct slice in)
{
    struct slice first = in;
    uint8_t letter = slice_u8(&first);
    int answer;

    if (!first.bad && (letter < 'A' || letter > 'U')) /* nearly everything else ends here */
        return 0;
    answer = words_looks(in, "SIP/2.0 ");
    for (size_t i = 0; i < VG_ARRAY_LEN(METHODS) && answer != 1; i++) {
        int one = request_looks(in, METHODS[i]);

        if (one != 0)
            answer = one;
    }
    return answer;
}

/* The next line of the head without its end; false at the empty line and at the end. */
static bool
next_line(struct slice *in, struct str *out)
{
    const uint8_t *lf = in->left > 0 ? memchr(in->at, '\n', in->left) : NULL;
    struct slice line = slice_sub(in, lf != NULL ? (size_t)(lf - in->at) + 1 : in->left);

    *out = str_n(line.at, line.left);
    if (lf != NULL)
        out->len--;
    if (out->len > 0 && out->at[out->len - 1] == '\r')
        out->len--;
    return out->len > 0;
}

static bool
read_first(struct str line, struct sip_message *m)
{
    uint64_t status;

    if (words_begin(line, "SIP/2.0 ")) {
        (void)words_next(&line);
        m->response = true;
        if (!words_number(words_next(&line), &status) || status < 100 || status > 699)
            return false;
        m->status = (int)status;
        return true;
    }
    m->method = words_next(&line);
    m->uri = words_next(&line);
    return m->method.len > 0 && m->uri.len > 0 && words_is(words_trim(line), "SIP/2.0");
}

static void
read_credentials(struct str value, struct sip_message *m)
{
    m->authorized = true;
    (void)words_next(&value); /* Digest */
    while (value.len > 0) {
        struct str pair = words_trim(words_until(&value, ','));
        struct str name = words_trim(words_until(&pair, '='));

        if (!words_is(name, "username"))
            continue;
        pair = words_trim(pair);
        if (pair.len >= 2 && pair.at[0] == '"')
            pair = str_n(pair.at + 1, pair.len - 2);
        m->user = pair;
        return;
    }
}

static void
read_sequence(struct str value, struct sip_message *m)
{
    uint64_t number;

    if (words_number(words_next(&value), &number) && number <= UINT32_MAX)
        m->cseq = (uint32_t)number;
    if (m->response)
        m->method = words_next(&value);
}

static void
read_field(struct str name, struct str value, struct sip_message *m)
{
    uint64_t number;

    if (words_is(name, "from") || words_is(name, "f"))
        m->from = value;
    else if (words_is(name, "to") || words_is(name, "t"))
        m->to = value;
    else if (words_is(name, "call-id") || words_is(name, "i"))
        m->call_id = value;
    else if (words_is(name, "user-agent") || words_is(name, "server"))
        m->agent = value;
    else if (words_is(name, "cseq"))
        read_sequence(value, m);
    else if (words_is(name, "authorization") || words_is(name, "proxy-authorization"))
        read_credentials(value, m);
    else if ((words_is(name, "content-length") || words_is(name, "l")) &&
             words_number(value, &number) && number <= 1024 * 1024)
        m->length = (uint32_t)number;
}

enum vg_err
sip_message_read(struct slice head, struct sip_message *out)
{
    struct str line, none = str_of(NULL);

    *out = (struct sip_message){.method = none,
                                .uri = none,
                                .from = none,
                                .to = none,
                                .call_id = none,
                                .agent = none,
                                .user = none};
    if (!next_line(&head, &line) || !read_first(line, out))
        return VG_ERR_FORMAT;
    for (unsigned i = 0; i < SIP_FIELDS_MAX && next_line(&head, &line); i++) {
        struct str name = words_trim(words_until(&line, ':'));

        read_field(name, words_trim(line), out);
    }
    return VG_OK;
}

struct str
sip_address(struct str field)
{
    struct str rest = field;
    struct str before = words_until(&rest, '<');

    if (rest.len > 0)
        return words_until(&rest, '>');
    return words_trim(words_until(&before, ';'));
}
