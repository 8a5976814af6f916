/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands: a new one is its file, its line in commands.h and its row here. */
#include "agent/cli/commands.h"

#include "agent/cli/cli.h"

#define HELP_CONFIG "  -c, --config FILE  configuration (default /etc/vigia/agent.yaml)\n"

const struct cli_command CLI_COMMANDS[] = {
    {"run", "run [-c FILE] [--no-sandbox]",
     "Run the service: watch, store, ship, until it is stopped",
     HELP_CONFIG "      --no-sandbox   for tests: workers keep their rights\n", cmd_run},
    {"check", "check [-c FILE] [--format NAME|FILE|auto SAMPLE]",
     "Check the configuration, the rules and the log formats",
     "      --format NAME  instead: how this format (a name, a FILE of your own, or auto) reads "
     "the\n"
     "                     log SAMPLE, with its first rows as understood\n" HELP_CONFIG
     "Exit code 0: all is well; 2: something is wrong, told with file and line, or more than a\n"
     "tenth of the sample cannot be read; 3: the sample is not of this format.\n",
     cmd_check},
    {"format", "format new SAMPLE [--name NAME] [-o FILE] | format list",
     "Propose a format profile for a payment log, or list the formats that there are",
     "new reads a sample (a table with a header line, or JSON), says which column is what, writes\n"
     "the profile and shows the first rows as it understands them.\n"
     "      --name NAME    the format's name (my-format)\n"
     "  -o, --out FILE     write it there; without: to standard output, the rows to standard "
     "error\n" HELP_CONFIG
     "Exit code 0: done; 2: wrong usage, or it fits badly; 3: no proposal is possible.\n",
     cmd_format},
    {"read", "read CAPTURE... [--learn CAPTURE]... [--json] [--metadata FILE|-]",
     "Analyse captures with everything that `run` does, without a store",
     "      --learn CAPTURE   learn from this capture first, silently; may be repeated\n"
     "      --json            alerts as one JSON object a line\n"
     "      --metadata FILE   flows, DNS, HTTP, TLS and ARP as one JSON object a line; with '-'\n"
     "                        on standard output, and alerts on standard error\n"
     "      --no-sandbox      for tests: keep all rights while reading\n" HELP_CONFIG
     "Exit code 0: done; 1: done, and there is an alert; 2: wrong usage or configuration;\n"
     "3: a capture cannot be opened, is none or holds no packet; 4: internal error.\n",
     cmd_read},
    {"pay",
     "pay LOG... [--format NAME|FILE|auto] [--json] [--transactions FILE|-]\n"
     "                        [--scores FILE|-] [--labels FILE] [--label-delay 7d]",
     "Analyse payment logs with everything that `run` does: a back-test",
     "LOG is a file (also .gz, .zst) or a folder of them.\n"
     "      --format NAME        one of rules/formats, a FILE of your own, or auto (the default)\n"
     "      --json               alerts as one JSON object a line\n"
     "      --transactions FILE  every transaction as one JSON object a line; '-': standard "
     "output,\n"
     "                           alerts then go to standard error\n"
     "      --scores FILE        id,score of every transaction, scored before it is learned from\n"
     "      --labels FILE        id,fraud (0 or 1), fed back after the delay, as charge-backs "
     "would\n"
     "      --label-delay TIME   7d (the default), 36h\n"
     "      --token-key FILE     64 hex digits; card numbers become tokens under this key\n"
     "      --no-sandbox         for tests: keep all rights while reading\n" HELP_CONFIG
     "Exit code 0: done; 1: done, and there is an alert; 2: wrong usage or configuration;\n"
     "3: a log cannot be opened, is of no known format or holds no record; 4: internal error.\n",
     cmd_pay},
    {"enroll", "enroll URL [--again] [-c FILE]", "Make this machine an agent of a collector",
     "URL is 'https://HOST:PORT/enroll/TOKEN#sha256=HEX', as the collector's `token` prints it; "
     "it\n"
     "works once. A running agent notices within seconds.\n"
     "      --again        though it is enrolled already\n" HELP_CONFIG
     "Exit code 0: done; 2: refused, or wrong usage; 3: no connection to the collector.\n",
     cmd_enroll},
    {"bundle", "bundle apply FILE | bundle status [--json]",
     "Take rules from a file that the provider signed, or show which rules run",
     "apply does with a file what the service does with one from the collector: looks at "
     "signature,\n"
     "version and time, tries it in a process of its own, and then uses it. Where the service "
     "runs,\n"
     "the service does it.\n" HELP_CONFIG
     "Exit code 0: taken; 2: refused, the rules before stay; 3: the file cannot be read.\n",
     cmd_bundle},
    {"status", "status [--json] [-c FILE]", "Show how the running agent is and what it cannot see",
     "      --json         as one JSON object\n" HELP_CONFIG, cmd_status},
    {"alerts", "alerts [--since 7d] [--json] [--all] [-c FILE]",
     "List what was found, oldest first, one entry an incident",
     "      --since TIME   from then on: 7d (the default), 12h, or 2026-01-31T00:00:00Z\n"
     "      --json         one JSON object a line\n"
     "      --all          every event by itself, also info and health events\n" HELP_CONFIG,
     cmd_alerts},
    {"show", "show ID [--json] [-c FILE]", "Show one alert with its message, facts and evidence",
     "ID is what alerts prints, or its beginning.\n" HELP_CONFIG, cmd_show},
    {"feedback", "feedback ID useful|noise|mine [-c FILE]",
     "Tell the detectors what an alert was worth",
     "useful: it was right; noise: it was nothing; mine: it was our own doing.\n" HELP_CONFIG,
     cmd_feedback},
    {"explain", "explain [DETECTOR] [-c FILE]",
     "Explain a detector: messages, settings, facts; without a name list all", HELP_CONFIG,
     cmd_explain},
    {"verify", "verify [--key FILE | --show-key] [-c FILE]",
     "Recompute the seal over all events: nothing was changed or removed",
     "      --key FILE     the first key, 64 hex digits; without it the one that is still here,\n"
     "                     or the collector's\n"
     "      --show-key     print the first key once and remove it from this machine\n" HELP_CONFIG
     "Exit code 0: whole; 1: broken; 3: no key or no store.\n",
     cmd_verify},
    {"export", "export [--since 7d] [-c FILE]", "Write all events, one JSON object a line",
     "      --since TIME   from then on\n" HELP_CONFIG, cmd_export},
    {"scan", "scan PATH... [--all] [--network] [--no-archives] [--json]",
     "Look for dangerous files with the YARA rules",
     "      --all          also files that are unchanged since they were found harmless\n"
     "      --network      also network drives that are mounted below a PATH\n"
     "      --no-archives  leave archives and documents packed\n"
     "      --json         one JSON object a line instead of text\n"
     "      --no-sandbox   for tests: keep all rights while reading\n" HELP_CONFIG
     "Folders are searched with all below them; links are not followed.\n"
     "Exit code 0: nothing found; 1: something found; 2: wrong usage; 3: a path cannot be read.\n",
     cmd_scan},
    {"quarantine", "quarantine list | restore ID | drop ID [--json] [-c FILE]",
     "Show the files that were moved to the quarantine, bring one back, or delete it for good",
     "restore puts a file back where it was, with owner, mode and times, and it is not moved "
     "again.\n"
     "      --json         one JSON object a line\n" HELP_CONFIG
     "Exit code 0: done; 1: something in it is damaged; 2: wrong usage; 3: it cannot be done.\n",
     cmd_quarantine},
    {NULL, NULL, NULL, NULL, NULL},
};
