/* SPDX-License-Identifier: Apache-2.0 */
/* pay_keys: the keys of all that one payment names, made once for all detectors: pay_key() of its
 * texts under the roles in which several ask for them. The panel makes them for each OBS_TXN and
 * OBS_LABEL, unless whoever gives the observation has made them before (obs.keys). */
#pragma once

#include "agent/detect/obs.h"

enum pay_key_kind {
    KEY_CARD,       /* "card" */
    KEY_HOLDER,     /* the card, else the customer, each in its role */
    KEY_PAYER,      /* "card" of the card, else of the customer */
    KEY_CUSTOMER,   /* "customer" */
    KEY_TERMINAL,   /* "terminal" */
    KEY_PLACE,      /* "terminal" of the terminal, else of the log */
    KEY_EMPLOYEE,   /* "employee" */
    KEY_PERSON,     /* "person" of the employee, else of the terminal */
    KEY_DEVICE,     /* "device" */
    KEY_GADGET,     /* "device" of the device, else of the address */
    KEY_IP,         /* "ip" */
    KEY_LOG,        /* "log" of the source */
    KEY_BIN,        /* "bin" */
    KEY_MAIL_SHAPE, /* "mail" of the shape */
    KEY_MAILBOX,    /* "mailbox" */
    KEY_CASE,       /* "case" of the id */
    KEY_ID,         /* "id" */
    KEY_SALE,       /* "sale" of the id */
    KEY_SALE_ORDER, /* "sale" of the order; 0 where it is the id too */
    KEY_CHARGE,     /* what a charge has in common with the same one made twice */
    PAY_KEYS
};

struct pay_keys {
    uint64_t key[PAY_KEYS];    /* 0: not named */
    uint64_t source, terminal; /* pay_text_hash() of them, for other roles */
};

void pay_keys_make(const struct txn_view *t, struct pay_keys *out);
