/* SPDX-License-Identifier: Apache-2.0 */
/* secrets: what must not leave the parsers (DESIGN, The promises, 6): passwords and card numbers
 * in URIs and forms. */
#pragma once

#include "common/str.h"

/* The name of a field that holds a password: "password", "user_pwd", "contrasena", "clave1". */
bool secrets_is_password(struct str field);
/* The name of a field that holds who logs in: "user", "login", "email", "usuario". */
bool secrets_is_user(struct str field);

/* Puts "*" in place of user information before a host ("http://bob:pw@host/") and of the values of
 * password fields in the query, and X for digits of card numbers. Works in place, never longer;
 * returns the new length. */
size_t secrets_mask_uri(char *uri, size_t len);

/* One field of a form or query (application/x-www-form-urlencoded, WHATWG URL, 5). */
struct secrets_field {
    struct str name, value; /* as sent; borrowed */
};
/* Takes the next one off *rest; false at the end. */
bool secrets_next_field(struct str *rest, struct secrets_field *out);
/* Undoes %xx and '+' into out[size] (terminated, cut); returns the length. */
size_t secrets_decode(struct str value, char *out, size_t size);
