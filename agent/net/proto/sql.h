/* SPDX-License-Identifier: Apache-2.0 */
/* sql: statements that make a tool of a database server: they run programs, load libraries, write and
 * read its files. What MySQL, PostgreSQL and SQL Server offer for it is in their manuals; sqlmap
 * (plugins/generic, udf) and Metasploit's modules use no more.
 *
 * Record "sql", one for each kind of act on one connection:
 *   service    "mysql", "postgresql", "tds"
 *   act        "run_program" (xp_cmdshell, sp_OAMethod, sys_exec of lib_mysqludf_sys, COPY ... PROGRAM),
 *              "enable_programs" (sp_configure of these), "load_library" (SONAME, C functions out of a
 *              path, CREATE ASSEMBLY FROM 0x), "write_file" (INTO DUMPFILE, a script as OUTFILE, as
 *              log, as backup, lo_export), "read_system_file" (LOAD_FILE, pg_read_file of system files)
 *   user       who is logged in, where it is known
 * The statement is neither kept nor told: it may hold anybody's data. */
#pragma once

#include "agent/net/engine.h"

struct sql {
    uint8_t told; /* bits: acts */
};

/* Looks at a statement, or a packet that holds one: its beginning and its end. UTF-16LE is fine. */
void sql_look(struct sql *sql, const struct protocol_call *call, unsigned client,
              const char *service, struct str user, struct slice statement);
