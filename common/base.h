/* SPDX-License-Identifier: Apache-2.0 */
/* base: result codes and attributes that every module uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VG_MUST_CHECK       __attribute__((warn_unused_result))
#define VG_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define VG_ARRAY_LEN(a)     (sizeof(a) / sizeof((a)[0]))

enum vg_err {
    VG_OK,
    VG_AGAIN,      /* nothing wrong, come back later */
    VG_END,        /* the input has ended in good order */
    VG_ERR_SHORT,  /* input ended inside a field */
    VG_ERR_FORMAT, /* input is not what it claims to be */
    VG_ERR_LIMIT,  /* well formed, larger than we accept */
    VG_ERR_NOMEM,
    VG_ERR_DENIED, /* not allowed: rights, a failed check, a broken seal */
    VG_ERR_NOENT,  /* no such thing */
    VG_ERR_EXISTS, /* there is one already */
    VG_ERR_CONFIG, /* the configuration or the command line is wrong */
    VG_ERR_SYS,    /* errno says why */
};

/* A short English word for logs ("short", "format", ...). Static, never NULL. */
const char *vg_err_name(enum vg_err err);

/* Exit codes of the programs (DESIGN, Commands). */
enum vg_exit {
    VG_EXIT_DONE = 0,
    VG_EXIT_FOUND = 1,    /* done, and something was found */
    VG_EXIT_USAGE = 2,    /* wrong usage or configuration */
    VG_EXIT_INPUT = 3,    /* an input that cannot be opened or holds no record */
    VG_EXIT_INTERNAL = 4, /* our own fault */
};

/* Of two exit codes the one that must be reported: 4 before 2 before 3 before 1 before 0. */
enum vg_exit vg_exit_worse(enum vg_exit a, enum vg_exit b);

/* Copies `src` into dst[size], always terminated (size > 0); true when nothing was cut. */
bool vg_strcpy(char *dst, size_t size, const char *src);
