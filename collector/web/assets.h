/* SPDX-License-Identifier: Apache-2.0 */
/* assets: the dashboard's files, built into the program (collector/web/build.mjs makes the table).
 *
 * The web listener answers GET of `path` with these bytes: Content-Type `mime`, ETag `etag` (quotes
 * included; If-None-Match equal to it: 304), and Content-Encoding: gzip where `gzip` is set and the
 * client accepts it (every browser does; without it answer 406). `/` is a row of its own. The names of
 * scripts and styles carry a hash of their content: those may be cached for a year (`immutable`),
 * the rest must be revalidated (`no-cache`). */
#pragma once

#include "common/base.h"

struct web_asset {
    const char *path, *mime, *etag;
    const uint8_t *bytes;
    size_t len;
    bool gzip;
    bool immutable;
};

/* Ended by a row without path. */
extern const struct web_asset WEB_ASSETS[];

/* Goes with every answer that carries a page: the dashboard needs nothing more than this. */
#define WEB_CONTENT_SECURITY_POLICY                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "                   \
    "frame-ancestors 'none'"
