/* SPDX-License-Identifier: Apache-2.0 */
/* http_login: who logs in over HTTP: credentials in a request's head (RFC 7617, RFC 7616, NTLM by
 * RFC 4559), forms and JSON objects that hold a password, queries of that kind. Only the name of
 * who logs in is ever taken out; passwords are not even decoded. */
#pragma once

#include "common/slice.h"
#include "common/str.h"

enum { HTTP_USER_MAX = 128, HTTP_FORM_MAX = 4096 };

struct http_login {
    char user[HTTP_USER_MAX], domain[HTTP_USER_MAX]; /* domain: of Windows, or "" */
    bool cleartext;                                  /* the password crosses readable */
};

/* The user of an Authorization field's value. False where it names nobody. */
bool http_login_of_field(struct str value, struct http_login *out);
/* Of a query or an urlencoded form: true when it holds a password; `user` may be "". */
bool http_login_of_form(struct str form, char user[HTTP_USER_MAX]);
/* The same of a JSON object's top level. */
bool http_login_of_json(struct slice text, char user[HTTP_USER_MAX]);
