/* SPDX-License-Identifier: Apache-2.0 */
/* expect: connections that another one announced (FTP: PASV, PORT and their like), so that they are
 * known by who said so and not by their look. At most EXPECT_MAX wait, the oldest gives way; each
 * for EXPECT_NS of packet time. No memory until the first. */
#pragma once

#include "agent/net/flow_key.h"
#include "agent/net/protocol.h"
#include "common/str.h"

enum { EXPECT_MAX = 256, EXPECT_NAME_MAX = 256 };
#define EXPECT_NS (INT64_C(120) * 1000000000)

struct expectation {
    uint64_t id; /* 0: empty place */
    uint8_t addr[16];
    uint16_t port;
    uint8_t family;
    bool serves;   /* the announced end is the server's */
    bool file, up; /* a file; from the client to the server */
    unsigned end;  /* its direction index, when the connection came */
    int64_t until_ns;
    const struct protocol *protocol;
    char name[EXPECT_NAME_MAX]; /* of the file; "" while it was not said */
};

struct expect {
    struct expectation *places; /* EXPECT_MAX, or NULL */
    uint64_t made;              /* so many were announced */
    unsigned waiting;           /* places in use */
    struct expectation came;    /* the last one that came true */
};

void expect_init(struct expect *x);
void expect_done(struct expect *x);
/* A new input: nothing is expected. */
void expect_reset(struct expect *x);

/* The end of `flow` with direction index `dir`, at `port`, is expected to speak `protocol` in a new
 * connection. Returns the number of the expectation, 0 without memory. */
uint64_t expect_add(struct expect *x, int64_t now_ns, const struct flow *flow, unsigned dir,
                    uint16_t port, bool serves, const struct protocol *protocol);
/* What goes through it; nothing where it came or went already. */
void expect_name(struct expect *x, uint64_t id, struct str name, bool up);

/* Whether the flow is one that waits: then it is x->came, and waits no more. */
bool expect_take(struct expect *x, int64_t now_ns, const struct flow *flow);
