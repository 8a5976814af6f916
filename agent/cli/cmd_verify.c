/* SPDX-License-Identifier: Apache-2.0 */
/* verify: recomputes the seal over all events from its first key, which this machine no longer has
 * once a collector or the technician took it: the collector is asked, or a file is given. */
#include <string.h>

#include "agent/cli/cli_store.h"
#include "agent/cli/commands.h"
#include "agent/keeper/seal.h"
#include "agent/keeper/seal_ask.h"
#include "agent/platform/platform.h"

enum { OPT_CONFIG, OPT_KEY, OPT_SHOW };
static const struct cli_option OPTIONS[] = {
    {"config", 'c', true}, {"key", 0, true}, {"show-key", 0, false}, {NULL, 0, false}};

static enum vg_err
read_key(const char *path, uint8_t out[SEAL_SIZE])
{
    struct buf text = {0};
    enum vg_err err = platform_file_slurp(path, 1024, &text);

    if (err == VG_OK)
        err = seal_from_hex(buf_slice(&text), out);
    if (text.data != NULL)
        platform_secure_zero(text.data, text.len);
    buf_done(&text);
    return err;
}

/* Prints the first key and forgets it: from then on it is only where the technician keeps it. */
static int
show_key(struct cli_store *s)
{
    uint8_t key[SEAL_SIZE];
    char hex[SEAL_HEX_SIZE];

    if (store_seal_key_first(s->store, key) != VG_OK)
        return cli_fail(VG_EXIT_INPUT, "the first key was already shown, or handed to a collector");
    seal_to_hex(key, hex);
    printf("%s\n", hex);
    if (fflush(stdout) != 0 || store_seal_key_forget(s->store) != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "the key could not be removed from this machine");
    fputs("Keep this line away from this machine: it is not shown again.\n"
          "Later: vigia-agent verify --key FILE\n",
          stderr);
    platform_secure_zero(key, sizeof(key));
    platform_secure_zero(hex, sizeof(hex));
    return VG_EXIT_DONE;
}

static int
verify(struct cli_store *s, const char *key_path)
{
    struct store_verdict verdict;
    uint8_t key[SEAL_SIZE];
    char why[160];
    enum vg_err err =
        key_path != NULL ? read_key(key_path, key) : store_seal_key_first(s->store, key);

    if (err != VG_OK && key_path != NULL)
        return cli_fail(VG_EXIT_INPUT, "%s holds no key of 64 hex digits", key_path);
    if (err != VG_OK && seal_ask(s->config.state_dir, store_id(s->store), key, why) != VG_OK)
        return cli_fail(VG_EXIT_INPUT,
                        "the first key is not on this machine any more, and the collector did not "
                        "give it (%s); write verify --key FILE",
                        why);
    err = store_verify(s->store, key, &verdict);
    platform_secure_zero(key, sizeof(key));
    if (err == VG_ERR_DENIED) {
        printf("BROKEN at event %lld: %s\n", (long long)verdict.broken_seq, verdict.why);
        return VG_EXIT_FOUND;
    }
    if (err != VG_OK)
        return cli_fail(VG_EXIT_INTERNAL, "the store cannot be read: %s", vg_err_name(err));
    printf("whole: %lld events, %lld to %lld, of store %s\n", (long long)verdict.events,
           (long long)verdict.from_seq, (long long)verdict.to_seq, store_id(s->store));
    return VG_EXIT_DONE;
}

int
cmd_verify(int argc, char **argv)
{
    struct cli_args args = cli_args_of(argc, argv);
    const char *config = NULL, *value, *key = NULL;
    bool show = false;
    struct cli_store s;
    int which, code;

    while ((which = cli_next(&args, OPTIONS, &value)) != CLI_END) {
        if (which == CLI_BAD)
            return VG_EXIT_USAGE;
        if (which == CLI_OPERAND)
            return cli_usage("verify", "takes no operand");
        if (which == OPT_CONFIG)
            config = value;
        else if (which == OPT_KEY)
            key = value;
        else
            show = true;
    }
    if (show && key != NULL)
        return cli_usage("verify", "--show-key and --key exclude each other");
    code = cli_store_open(config, false, &s);
    if (code != VG_EXIT_DONE)
        return code;
    code = show ? show_key(&s) : verify(&s, key);
    cli_store_done(&s);
    return code;
}
