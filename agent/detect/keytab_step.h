/* SPDX-License-Identifier: Apache-2.0 */
/* keytab_step: how far a record that will be asked for has been fetched. Each step waits for the memory
 * that the one before sent for: with a little time in between nothing waits. */
#pragma once

enum keytab_step { KEYTAB_BUCKET, KEYTAB_RECORD, KEYTAB_CHAIN, KEYTAB_STEPS };
