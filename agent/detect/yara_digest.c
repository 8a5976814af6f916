/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules a folder holds, without compiling them, for which program. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <yara.h>

#include "agent/detect/yara_compile.h"
#include "agent/platform/platform.h"

#define VERSIONS VIGIA_VERSION " " YR_VERSION

static bool
digest_file(EVP_MD_CTX *md, const char *folder, const char *name)
{
    char path[1024];
    struct buf text;
    bool good;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (platform_file_slurp(path, YARA_FILE_BYTES_MAX, &text) != VG_OK)
        return EVP_DigestUpdate(md, name, strlen(name) + 1) == 1; /* left out of the rules too */
    good = EVP_DigestUpdate(md, name, strlen(name) + 1) == 1 &&
           EVP_DigestUpdate(md, &text.len, sizeof(text.len)) == 1 &&
           EVP_DigestUpdate(md, text.data, text.len) == 1;
    buf_done(&text);
    return good;
}

enum vg_err
yara_digest(const char *folder, uint8_t out[YARA_DIGEST])
{
    struct platform_names names = {0};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool good = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(md, VERSIONS, sizeof(VERSIONS)) == 1;
    enum vg_err err = platform_folder_list(folder, YARA_FILES_MAX, &names);

    for (size_t i = 0; good && i < names.count; i++)
        if (yara_is_file(names.name[i]))
            good = digest_file(md, folder, names.name[i]);
    good = good && EVP_DigestFinal_ex(md, out, NULL) == 1;
    EVP_MD_CTX_free(md);
    platform_names_free(&names);
    if (err != VG_OK)
        return VG_ERR_NOENT;
    return good ? VG_OK : VG_ERR_NOMEM;
}
