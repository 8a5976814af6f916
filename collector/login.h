/* SPDX-License-Identifier: Apache-2.0 */
/* login: how often somebody may try passwords. Counts failures for a name and for an address apart, so
 * that neither many names from one place nor many places on one name get further. In memory, on the
 * loop's thread; LOGIN_ENTRIES_MAX, the oldest makes room. */
#pragma once

#include "common/base.h"

enum {
    LOGIN_ENTRIES_MAX = 4096,
    LOGIN_FREE = 5, /* failures without a wait */
    LOGIN_WAIT_MAX_S = 900,
    LOGIN_FORGET_S = 3600, /* after that long without a failure */
    LOGIN_KEY_SIZE = 96,
};

struct login_limit;

enum vg_err login_limit_new(struct login_limit **out) VG_MUST_CHECK;
void login_limit_free(struct login_limit *limit);

/* Seconds that a try must still wait, 0: go ahead. now_s: monotonic. */
int login_wait_s(struct login_limit *limit, const char *name, const char *peer, int64_t now_s);
/* The try counts as failed at once, so that tries in parallel gain nothing ... */
void login_tried(struct login_limit *limit, const char *name, const char *peer, int64_t now_s);
/* ... until it is no failure (half of a sign-in was right) ... */
void login_untried(struct login_limit *limit, const char *name, const char *peer);
/* ... or turns out well: the name is free of its failures too. */
void login_succeeded(struct login_limit *limit, const char *name, const char *peer);
