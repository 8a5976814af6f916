/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/install.h"

#include <stdio.h>

#include "common/hex.h"

/* `platform` has its name in the dashboard's lang files: "install.deb". */
static const struct {
    const char *platform, *before;
} WAYS[] = {
    {"deb", "sudo apt install -y ./vigia-rules_*.deb ./vigia-agent_*.deb && sudo "},
    {"installed", "sudo "}, /* the program is there: only enrol */
};

void
install_url(const struct collector_config *config, const uint8_t fingerprint[32], const char *token,
            char out[INSTALL_URL_MAX])
{
    char hex[65];

    hex_put(fingerprint, 32, hex);
    (void)snprintf(out, INSTALL_URL_MAX, "%s/enroll/%s#sha256=%s", config->web_url, token, hex);
}

json_t *
install_commands(const char *url)
{
    json_t *all = json_array();

    for (size_t i = 0; all != NULL && i < VG_ARRAY_LEN(WAYS); i++)
        (void)json_array_append_new(
            all, json_pack("{ss so}", "platform", WAYS[i].platform, "command",
                           json_sprintf("%svigia-agent enroll '%s'", WAYS[i].before, url)));
    return all;
}
