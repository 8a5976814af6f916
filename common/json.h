/* SPDX-License-Identifier: Apache-2.0 */
/* json: bounded use of jansson for everything that comes from outside, and one way to write.
 * (Payment logs have a streaming reader of their own in agent/pay.) */
#pragma once

#include <jansson.h>

#include "common/buf.h"

enum { VG_JSON_DEPTH_MAX = 16 };

/* Parses one JSON value that fills `text` (white space around it is fine). Bounded by `len_max`
 * and VG_JSON_DEPTH_MAX; duplicate keys and invalid UTF-8 are refused. On VG_OK *out is the
 * caller's (json_decref). VG_ERR_LIMIT, VG_ERR_FORMAT, VG_ERR_NOMEM. */
enum vg_err vg_json_parse(struct slice text, size_t len_max, json_t **out) VG_MUST_CHECK;

/* Appends compact JSON, keys in the order of insertion; sticky errors as buf. */
void vg_json_write(const json_t *value, struct buf *out);
/* The same as a malloc'd string, NULL without memory. */
char *vg_json_text(const json_t *value);

/* Borrowed text of object[key], or `otherwise` where it is absent or no string. */
const char *vg_json_str(const json_t *object, const char *key, const char *otherwise);
int64_t vg_json_int(const json_t *object, const char *key, int64_t otherwise);
double vg_json_real(const json_t *object, const char *key, double otherwise);
bool vg_json_bool(const json_t *object, const char *key, bool otherwise);

/* Streaming writer for hot paths (metadata, transactions): appends ,"key":value with escaping;
 * bytes that are not valid UTF-8, and NUL, become U+FFFD. Start with '{' and end with '}' by hand:
 * the comma is left out right after '{' or '['. */
void vg_json_put_key(struct buf *out, const char *key);
void vg_json_put_str(struct buf *out, const char *key, const void *text, size_t len);
void vg_json_put_int(struct buf *out, const char *key, int64_t v);
void vg_json_put_real(struct buf *out, const char *key, double v); /* NaN, inf: null */
void vg_json_put_time(struct buf *out, const char *key, int64_t t_ns);
void vg_json_put_quoted(struct buf *out, const void *text, size_t len); /* the string alone */
