/* SPDX-License-Identifier: Apache-2.0 */
/* pay_frame: what the smaller payment detectors are made of: settings, tables, one record of figures,
 * since when they read, and the state rows of all that. The frame is the first member of the
 * detector's own struct, so that its functions serve as those of `struct detector`. */
#pragma once

#include "agent/detect/keytab.h"
#include "agent/detect/pay_common.h"

enum { PAY_FRAME_TABLES = 3 };

struct pay_frame {
    struct judge *judge;
    const json_t *settings; /* borrowed */
    const struct zone *zone;
    const struct shop_hours *hours; /* may be NULL */
    char currency[4];
    struct keytab *tables[PAY_FRAME_TABLES];
    /* The figures beside the tables; both NULL: none. Sticky errors as slice. */
    void (*put)(const void *self, struct buf *out);
    void (*get)(void *self, struct slice *in);
    uint16_t version; /* of the figures */
    int64_t since_ns, last_ns;
    double learn_days;
    bool any, changed;
};

/* Takes what `env` gives; `learn_days` is read from the settings, `days` where it does not stand there. */
enum vg_err pay_frame_init(struct pay_frame *f, const struct detector_env *env, double days,
                           char why[DETECT_WHY_MAX]) VG_MUST_CHECK;
/* Before each observation is looked at: time has come to now_ns. */
void pay_frame_time(struct pay_frame *f, int64_t now_ns);
/* Whether learn_days have passed since the first observation. */
bool pay_frame_learned(const struct pay_frame *f);
/* The currency of a transaction, else the shop's. Borrowed from either. */
const char *pay_frame_currency(const struct pay_frame *f, const struct txn_view *t);

/* struct detector's functions. */
void pay_frame_save(void *self, struct state_out *out);
enum vg_err pay_frame_load(void *self, struct slice key, uint16_t version, struct slice blob);
void pay_frame_free(void *self);
/* "learning", "kept" (records in all tables), "turned_away". */
void pay_frame_health(const void *self, json_t *counters);

/* A text of at most size - 1 bytes into a record, and through its row. */
void pay_frame_copy(char *dst, size_t size, struct str text);
void pay_frame_put_text(const char *text, struct buf *out);
void pay_frame_get_text(char *dst, size_t size, struct slice *in);
