/* SPDX-License-Identifier: Apache-2.0 */
/* vigia-agent: one program in two roles: a command of agent/cli, or a sandboxed worker of the
 * keeper (`--worker NAME`, never typed by people). */
#include <string.h>

#include "agent/cli/cli.h"
#include "agent/file/worker_file.h"
#include "agent/host/worker_host.h"
#include "agent/link/worker.h"
#include "agent/net/worker_net.h"
#include "agent/pay/worker_pay.h"
#include "agent/platform/platform.h"
#include "agent/trial/trial.h"

/* One row for each kind of worker: the struct is defined beside its sensor. */
static const struct worker_ops *const WORKERS[] = {
    &WORKER_FILE, &WORKER_HOST, &WORKER_NET, &WORKER_PAY, NULL,
};

static int
run_worker(const char *name)
{
    if (strcmp(name, "trial") == 0)
        return trial_main();
    for (size_t i = 0; WORKERS[i] != NULL; i++)
        if (strcmp(WORKERS[i]->name, name) == 0)
            return worker_main(WORKERS[i]);
    return cli_fail(VG_EXIT_USAGE, "no worker of this name");
}

int
main(int argc, char **argv)
{
    platform_memory_settle();
    if (argc == 3 && strcmp(argv[1], "--worker") == 0)
        return run_worker(argv[2]);
    return cli_main(argc, argv);
}
