/* SPDX-License-Identifier: Apache-2.0 */
/* vigia-collector: finds the command and runs it. */
#include <stdio.h>
#include <string.h>

#include "collector/cli.h"
#include "common/log.h"

const struct command COMMANDS[] = {
    {"init", "init [--dir DIR]", "Make the state folder, the database and the collector's own CA",
     "Safe to repeat: what is there stays. `serve` does the same at its first start.\n\n",
     cmd_init},
    {"tenant", "tenant add NAME | tenant list", "Add or list tenants (whom the shops belong to)",
     "", cmd_tenant},
    {"site", "site add TENANT NAME [OPTION]... | site list", "Add or list sites (shops)",
     "  --zone ZONE        time zone (default America/Mexico_City)\n"
     "  --language LANG    of the owner's mails: es-MX (default) or en\n"
     "  --mail ADDRESS     the owner's\n"
     "  --hours JSON       opening hours, as in the agent's configuration\n\n",
     cmd_site},
    {"user",
     "user add NAME --role ROLE [OPTION]... | user password NAME |\n"
     "                        user tenants NAME [TENANT]... | user reset-factor NAME | user list",
     "Add or list the people who may use the dashboard",
     "tenants says which tenants somebody of the provider sees; without any: all. reset-factor is\n"
     "for who lost the phone: the next sign-in sets up a new second factor.\n"
     "  --role ROLE        admin or technician (the provider's), owner (a tenant's) or readonly\n"
     "  --tenant TENANT    sees this tenant alone; an owner and who only reads belong to it\n"
     "  --language LANG    es-MX (default) or en\n"
     "  --mail ADDRESS     where a link goes that sets a forgotten password\n"
     "  --password-stdin   read the password; without it one is made and printed once\n\n",
     cmd_user},
    {"token", "token SITE [--valid 24h] [--tenant TENANT]",
     "Print the command that enrols one PC of a site",
     "  --valid TIME       how long it may be used (default 24h, at most 30d); it works once\n"
     "  --tenant TENANT    where several tenants have a site of this name\n\n",
     cmd_token},
    {"agent", "agent list | agent revoke ID | agent remove ID",
     "List agents, shut one out at once, take one that was shut out off the lists",
     "Columns: id, state, tenant, site, name, last seen, version of the rules (0: the "
     "program's).\n\n",
     cmd_agent},
    {"bundle",
     "bundle keygen KEYFILE | build FOLDER --out FILE | sign FILE --key KEYFILE |\n"
     "                        verify FILE --key KEY | trust KEY | publish FILE | status |\n"
     "                        stop VERSION | rollback --key KEYFILE",
     "Make and sign bundles of rules, and bring them to the agents",
     "keygen makes a key that signs, and prints the public key. build packs a folder of rules (as\n"
     "the one that comes with the program), and sign signs it: on any machine, best on one that "
     "is\n"
     "not on the network. verify shows what is in a file; exit code 1: another key signed it.\n"
     "trust says whose signature counts here and, from their enrolment on, with the agents. "
     "publish\n"
     "gives a bundle to a ring of canaries first, and to all after a quiet time; what goes wrong "
     "there\n"
     "stops it, and status says so. rollback brings the rules before back under a higher version.\n"
     "  --out FILE         where to write\n"
     "  --key FILE         the key that signs (mode 0600); for verify also the public key\n"
     "  --tests FOLDER     samples that the rules are tried against, beside FOLDER/tests\n"
     "  --version N        a number that rises (default: YYYYMMDDhhmm, UTC)\n"
     "  --expires TIME     not taken any more after that (default 90d)\n"
     "  --note TEXT        what is new\n"
     "  --tenant A,B       publish to the agents of these tenants (default: all)\n"
     "  --canary PERCENT   how many agents get it first (default 10; 100: all at once)\n"
     "  --quiet TIME       without trouble until all get it (default 1h)\n"
     "  --to VERSION       roll back to this one (0: the rules that came with the programs)\n"
     "  --json             status as JSON, with all agents\n\n",
     cmd_bundle},
    {"serve", "serve [-c FILE]", "Receive from agents, serve the dashboard, send the mails",
     "  --no-sandbox       for tests\n\n", cmd_serve},
    {"verify", "verify", "Check that the database is whole", "Exit code 1: it is not.\n\n",
     cmd_verify},
    {"backup", "backup FILE", "Copy the database while the collector runs", "", cmd_backup},
    {"restore", "restore FILE", "Put a backup in the place of the database",
     "The collector must not run. Agents send again what the backup does not have.\n\n",
     cmd_restore},
    {"audit", "audit [--tenant TENANT]", "Print who did what, the oldest first, as NDJSON",
     "  --tenant TENANT    what concerns this tenant alone\n\n", cmd_audit},
    {"export", "export [--tenant TENANT]", "Write every event to standard output, one a line", "",
     cmd_export},
    {NULL, NULL, NULL, NULL, NULL},
};

static int
help(FILE *to)
{
    (void)fputs("usage: vigia-collector COMMAND [OPTION]...\n\n", to);
    for (const struct command *c = COMMANDS; c->name != NULL; c++)
        (void)fprintf(to, "  %-8s %s\n", c->name, c->brief);
    (void)fputs("\nvigia-collector COMMAND --help tells more.\n", to);
    return to == stdout ? VG_EXIT_DONE : VG_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    log_setup("vigia-collector", LOG_LEVEL_INFO);
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "--version") == 0) {
        puts("vigia-collector " VIGIA_VERSION);
        return VG_EXIT_DONE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout);
    for (const struct command *c = COMMANDS; c->name != NULL; c++)
        if (strcmp(c->name, argv[1]) == 0)
            return c->run(c, argc - 1, argv + 1);
    (void)fprintf(stderr, "vigia-collector: no command \"%s\"\n", argv[1]);
    return help(stderr);
}
