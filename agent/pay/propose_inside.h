/* SPDX-License-Identifier: Apache-2.0 */
/* propose_inside: inside propose: propose_table.c gathers columns and their values, propose_words.c
 * knows what columns are called, propose.c decides and writes. */
#pragma once

#include "agent/pay/amount.h"
#include "agent/pay/profile.h"
#include "agent/pay/propose.h"

enum { COLUMN_NAME_MAX = 96, COLUMN_VALUES_MAX = 16, COLUMN_VALUE_MAX = 40 };

struct column {
    char name[COLUMN_NAME_MAX]; /* as in the log: a column's name or a path in JSON */
    unsigned filled, numbers, wholes, clocks, mails, addresses, currencies, cards;
    unsigned unix_s, unix_ms, formats[16];           /* how many values each time format fits */
    char value[COLUMN_VALUES_MAX][COLUMN_VALUE_MAX]; /* different ones, so far */
    unsigned values;                                 /* COLUMN_VALUES_MAX + 1: more than that */
};

struct table {
    struct column *column; /* owned, PROPOSE_COLUMNS_MAX of them */
    size_t count;
    unsigned rows;
    bool json;
    struct csv_arena arena;
    struct csv_row row;
};

/* The formats that column.formats counts, in its order, ended by NULL. */
extern const char *const PROPOSE_TIMES[];

/* VG_ERR_NOENT: no table, no objects. */
enum vg_err table_read(struct table *t, struct slice head, bool whole) VG_MUST_CHECK;
void table_done(struct table *t);

/* How well a column's name says that it is this field: 0 not at all, larger is better. */
unsigned words_field(const char *name, enum map_field field);
/* What a word in a column of kinds or outcomes means, NULL when it is not known. */
const char *words_kind(const char *value);
const char *words_outcome(const char *value);
