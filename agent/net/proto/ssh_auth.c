/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/proto/ssh_auth.h"

#include "agent/net/proto/words.h"
#include "agent/net/record.h"

enum {
    PAYLOAD_ACCEPT = 17,
    SUCCESS_SHORTER = 16, /* than SERVICE_ACCEPT, with any block size */
    FAILURE_LONGER_MAX =
        96,            /* than SERVICE_ACCEPT: all methods there are make 80; more: a banner */
    REQUEST_KEY = 200, /* an RSA or ECDSA key is offered; passwords are padded to 64 or 128 */
    PADDING_MORE_MAX = 24,
    TURNS_MAX = 64,
};

struct mac_size {
    const char *name;
    uint32_t bytes;
};

/* RFC 4253, 6.4; RFC 6668; what OpenSSH adds. */
static const struct mac_size MACS[] = {
    {"hmac-sha2-256", 32}, {"hmac-sha2-512", 64}, {"hmac-sha1-96", 12},
    {"hmac-sha1", 20},     {"hmac-md5-96", 12},   {"hmac-md5", 16},
    {"umac-64", 8},        {"umac-128", 16},      {"hmac-ripemd160", 20}};

struct layout {
    uint32_t block, mac, outside; /* outside: bytes of the length field that no block holds */
};

static bool
layout_of(struct str cipher, struct str mac, struct layout *out)
{
    bool chacha = words_begin(cipher, "chacha20"), gcm = words_find(cipher, "gcm");

    *out = (struct layout){.block = words_begin(cipher, "aes") || words_begin(cipher, "rijndael") ||
                                            words_begin(cipher, "twofish") ||
                                            words_begin(cipher, "serpent")
                                        ? 16
                                        : 8};
    if (cipher.len == 0)
        return false;
    if (chacha || gcm) {
        out->mac = 16;
        out->outside = 4;
        return true;
    }
    out->outside = words_find(mac, "-etm@") ? 4 : 0;
    for (size_t i = 0; i < VG_ARRAY_LEN(MACS); i++)
        if (words_begin(mac, MACS[i].name)) {
            out->mac = MACS[i].bytes;
            return true;
        }
    return false;
}

/* The size on the wire: length field, padding length, payload, at least 4 bytes of padding. */
static uint32_t
packet_size(const struct layout *l, uint32_t payload)
{
    uint32_t in_blocks = 4 - l->outside + 1 + payload + 4;

    return l->outside + (in_blocks + l->block - 1) / l->block * l->block + l->mac;
}

void
ssh_auth_begin(struct ssh_auth *a, struct str cipher, struct str mac, bool direct)
{
    struct layout layout;

    *a = (struct ssh_auth){.direct = direct};
    if (!layout_of(cipher, mac, &layout))
        return;
    a->accept = packet_size(&layout, PAYLOAD_ACCEPT);
}

static void
tell(const struct protocol_call *call, unsigned client, enum login_result result)
{
    struct login_view login = {
        .service = "ssh", .user = str_of(NULL), .result = result, .inferred = true};

    login_tell(&login, call, client);
}

static bool
is_success(const struct ssh_auth *a)
{
    if (a->reply == a->success)
        return true;
    /* what the server says next, unasked, is longer than any failure */
    return a->first == a->success && a->reply > a->accept + FAILURE_LONGER_MAX;
}

static bool
is_failure(struct ssh_auth *a)
{
    if (a->failure == 0 && a->reply <= a->accept + FAILURE_LONGER_MAX)
        a->failure = a->reply;
    return a->reply == a->failure;
}

static void
tell_failure(struct ssh_auth *a, const struct protocol_call *call, unsigned client)
{
    if (a->request > REQUEST_KEY)
        return;
    a->failures++;
    tell(call, client, LOGIN_FAILED);
}

static void
on_failure(struct ssh_auth *a, const struct protocol_call *call, unsigned client)
{
    if (!a->asked) {
        a->asked = true;
        a->first_request = a->request;
        a->owed = !a->direct; /* perhaps the question for the list of methods */
        if (a->owed)
            return;
    } else if (a->owed) {
        a->owed = false;
        if (a->request <= a->first_request) /* the first was a try like this one */
            tell_failure(a, call, client);
    }
    tell_failure(a, call, client);
}

static void
on_answer(struct ssh_auth *a, const struct protocol_call *call, unsigned client)
{
    if (is_success(a)) {
        tell(call, client, LOGIN_SUCCEEDED);
        a->over = true;
    } else if (is_failure(a) || !a->asked) { /* the first may come with a banner */
        on_failure(a, call, client);
    } else {
        a->owed = false;
    }
}

/* SERVICE_ACCEPT; some clients send their first request without waiting for it. */
static void
on_accept(struct ssh_auth *a)
{
    a->accepted = true;
    if (a->accept == 0 || (a->reply > a->accept && a->reply - a->accept <= PADDING_MORE_MAX))
        a->accept = a->reply; /* an unknown cipher; a server that pads more than it must */
    a->success = a->accept > SUCCESS_SHORTER ? a->accept - SUCCESS_SHORTER : 1;
    if (a->reply > a->accept && a->reply - a->accept <= a->accept + FAILURE_LONGER_MAX) {
        a->asked = true;
        a->failure = a->reply - a->accept;
    }
}

static void
settle(struct ssh_auth *a, const struct protocol_call *call, unsigned client)
{
    if (a->reply == 0)
        return;
    a->turns++;
    if (!a->accepted)
        on_accept(a);
    else
        on_answer(a, call, client);
    a->reply = a->request = a->first = 0;
    if (a->turns >= TURNS_MAX)
        a->over = true;
}

bool
ssh_auth_bytes(struct ssh_auth *a, const struct protocol_call *call, unsigned client,
               uint32_t bytes)
{
    if (bytes == 0 || a->over)
        return !a->over;
    if (call->dir == client) {
        settle(a, call, client);
        a->listening = true;
        if (bytes < UINT32_MAX - a->request)
            a->request += bytes;
    } else if (a->listening) { /* else: what it adds to its NEWKEYS */
        if (a->reply == 0)
            a->first = bytes;
        if (bytes < UINT32_MAX - a->reply)
            a->reply += bytes;
    }
    return !a->over;
}

void
ssh_auth_end(struct ssh_auth *a, const struct protocol_call *call, unsigned client)
{
    if (a->over)
        return;
    /* "Too many authentication failures", and it hung up */
    if (a->failures >= 2 && a->reply > a->success && a->reply <= a->accept + FAILURE_LONGER_MAX)
        a->reply = a->failure;
    settle(a, call, client);
    a->over = true;
}
