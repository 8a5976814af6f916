/* SPDX-License-Identifier: Apache-2.0 */
/* What storage keeps for triage: changes, exceptions, saved views. Included by store.h. */
#pragma once

#include "common/event.h"
#include "common/uuid.h"

enum {
    STORAGE_EXCEPTIONS_MAX = 500, /* that one agent may have to know */
    STORAGE_FEEDBACK_MAX = 100,   /* told in one answer */
    STORAGE_VERDICTS_MAX = 20,    /* of one incident and agent: detector, subject and peer */
    STORAGE_VIEWS_MAX = 50,       /* of one user */
    STORAGE_VIEW_QUERY_MAX = 500,
};

/* What a person changes in an incident. */
struct storage_change {
    const char *who, *who_id; /* for the history; who_id: becomes the assignee of "me" */
    const char *state;        /* NULL: stays */
    const char *assignee;     /* NULL: stays; "": nobody; "me"; an id */
    const char *note;         /* NULL: none */
};

/* What is known and no incident: alerts of the detector (or of its family), about the subject, with the
 * peer, in one shop or all of a tenant's, until a time. It goes to the agents concerned. */
struct storage_exception {
    char id[UUID_TEXT_SIZE];
    char tenant[UUID_TEXT_SIZE], site[UUID_TEXT_SIZE]; /* site "": all of the tenant's */
    char detector[64];
    char subject_kind[16], subject_id[PARTY_ID_MAX],
        subject_label[PARTY_LABEL_MAX];                      /* id "": any */
    char peer_id[PARTY_ID_MAX], peer_label[PARTY_LABEL_MAX]; /* id "": any */
    char incident[UUID_TEXT_SIZE];                           /* that it was made of; "": none */
    const char *kind; /* "mine" or "noise": what the detectors make of it */
    const char *why, *who;
    int64_t until_ns;
};

/* A query of the dashboard's under a name. */
struct storage_view {
    char id[UUID_TEXT_SIZE];
    const char *user;   /* id */
    const char *tenant; /* the user's: whom it is shared with; STORAGE_ALL: the provider's people */
    const char *name, *query;
    bool shared;
};
