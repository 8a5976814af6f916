/* SPDX-License-Identifier: Apache-2.0 */
/* event: the record that every part passes on (DESIGN, Records). JSON outside; this header names
 * its words, checks one that comes from an untrusted side, and compares two runs. */
#pragma once

#include "common/json.h"
#include "common/str.h"

enum { EVENT_BYTES_MAX = 64 * 1024, EVENT_EVIDENCE_MAX = 50, EVENT_FACTS_MAX = 64 };

enum severity {
    SEVERITY_INFO, /* no alert */
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
};

const char *severity_name(enum severity s);
enum vg_err severity_parse(const char *name, enum severity *out) VG_MUST_CHECK;

/* Who or what an event is about. Kinds: device host domain card customer terminal employee account
 * file program log agent. */
enum { PARTY_ID_MAX = 256, PARTY_LABEL_MAX = 256 };
struct party {
    char kind[16];
    char id[PARTY_ID_MAX];
    char label[PARTY_LABEL_MAX];
};
/* `label` NULL: the id. Longer text is cut at a UTF-8 border. */
void party_set(struct party *p, const char *kind, const char *id, const char *label);

/* Checks an event as a sensor (stamped = false) or an agent (stamped = true: id, store, seq,
 * recorded present) sends it: types, ranges, sizes, known words, unknown keys refused.
 * `why` takes a short English reason for the log. VG_ERR_FORMAT, VG_ERR_LIMIT. */
enum { EVENT_WHY_MAX = 160 };
enum vg_err event_check(const json_t *event, bool stamped, char why[EVENT_WHY_MAX]) VG_MUST_CHECK;

/* The event without id, store, seq, incident and recorded, keys sorted, compact: two runs are the
 * same if these texts are. malloc'd; NULL without memory. */
char *event_canonical(const json_t *event);

/* The family of a detector for incidents: "net.scan" and "net.new_device" stay themselves, the text
 * up to the second dot; but the entry into another PC (net.lateral) and the session there
 * (net.remote_shell) are one act, and of one family. Borrowed from `detector`, or static. */
struct str event_family(const char *detector);
/* Lower-case letters, digits, "_" and ".", with a dot inside. */
bool event_detector_valid(const char *text);

enum { EVENT_INCIDENT_HOURS = 6 };
