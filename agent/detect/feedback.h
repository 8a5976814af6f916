/* SPDX-License-Identifier: Apache-2.0 */
/* feedback: what a person said of an alert, from the keeper's record to a detector's view. */
#pragma once

#include "agent/detect/obs.h"

/* Texts are borrowed from `record`. VG_ERR_FORMAT: no verdict that we know. */
/* The record is a set of exceptions ({"exceptions": [...]}, judge.h): that list; NULL: it is not. */
const json_t *feedback_exceptions(const json_t *record);
enum vg_err feedback_view_of(const json_t *record, struct feedback_view *out) VG_MUST_CHECK;
